-- One of those that are to be performed alone is this worker's, which has then to end what it performs before it takes
-- that: others do not end theirs for it, too. What a worker has reserved that is gone is for others. Gives the action.
create function reserve_alone(p_token bigint, p_queues text[], p_definitions text[]) returns uuid
language plpgsql set search_path from current as $$
declare
  v_action uuid;
begin
  update jobs
  set token = p_token
  where ctid = (
    select j.ctid
    from jobs j
    where
      j.priority = 1005 /* Priority.alone */
      and j.queue || '' = any(p_queues)
      and j.definition = any(p_definitions)
      and (
        j.token is null or j.token = p_token
        or not exists (select 1 from workers w where w.token = j.token offset 0))
    order by j.id
    limit 1
    for update skip locked)
  returning action into v_action;
  return v_action;
end $$;
