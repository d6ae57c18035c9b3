-- Whether a step cannot be skipped, by what workers have said of its definition (rule 18.2): it is the last one, and
-- nothing else gives the action's success. Asked are the versions that workers have who live, since one of them goes on
-- with it; where none has said what it has, the version that was seen first last. Where nothing is known of it, its
-- worker says so.
-- For other functions only: it inherits their search path and their settings.
create function cannot_be_skipped(p_definition text, p_kind smallint, p_step text) returns boolean
language plpgsql stable as $$
begin
  return coalesce((
    select bool_and(
      not d.json -> 'options' ?| array['skippable', 'outbound']
      and d.json -> 'steps' -> -1 ->> 'name' = p_step
      and d.json -> 'steps' -> -1 ->> 'kind' = (
        array[
          'own', 'unnamed', 'prepended', 'method', 'job', 'compensation', 'replayed'
        ] /* stepKinds */)[p_kind + 1])
    from definitions d
    where d.key = p_definition and d.hash = any(hashes_in_use(p_definition))
  ), false);
end $$;
