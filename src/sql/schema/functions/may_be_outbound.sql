-- Whether somebody outside may complete the actions of a definition, by what workers have said of it, as
-- `cannot_be_skipped` has it. Where nothing is known of it, one may.
-- For other functions only: it inherits their search path and their settings.
create function may_be_outbound(p_definition text) returns boolean
language plpgsql stable as $$
begin
  return coalesce((
    select bool_or(d.json -> 'options' ? 'outbound')
    from definitions d
    where d.key = p_definition and d.hash = any(hashes_in_use(p_definition))
  ), true);
end $$;
