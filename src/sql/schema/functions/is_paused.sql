-- Whether an action is not to begin: because of its lane, its queue, its definition, or because nothing is. Nulls are
-- not looked at.
-- For other functions only: it inherits their search path and their settings.
create function is_paused(p_lane text, p_queue text, p_definition text) returns boolean
language sql stable as $$
  select exists (
    select 1
    from pauses
    where
      kind = 'everything'
      or (kind = 'queue' and subject = p_queue)
      or (kind = 'definition' and subject = p_definition)
      or (kind = 'lane' and subject = p_lane))
$$;
