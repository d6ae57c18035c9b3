-- Locks one invocation, or what this worker has reserved to perform it alone.
-- For other functions only: it inherits their search path and their settings.
create function take_one(p_token bigint, p_only uuid, p_definitions text[], out places tid[], out taken int)
language plpgsql as $$
begin
  select array_agg(c.place), count(*)
  into places, taken
  from (
    select j.ctid as place
    from jobs j
    where
      j.action = p_only
      and j.kind = 0 /* JobKind.invocation */
      and j.definition = any(p_definitions)
      and (j.token is null or j.token = p_token)
    for update skip locked
  ) c;
  if taken = 0 then
    select array_agg(c.place), count(*)
    into places, taken
    from (
      select j.ctid as place
      from jobs j
      where
        j.action = p_only
        and j.kind = 1 /* JobKind.continuation */
        and j.priority = 1005 /* Priority.alone */
        and j.definition = any(p_definitions)
        and j.token = p_token
      for update skip locked
    ) c;
  end if;
end $$;
