-- Puts the job that a claim of one would take first off to a later time: an error that nobody expected stops it, and
-- must not stop those behind it.
create function set_aside(p_now timestamptz, p_due timestamptz, p_queues text[], p_definitions text[]) returns uuid
language plpgsql set search_path from current as $$
declare
  v_place tid;
  v_action uuid;
begin
  select ctid
  into v_place
  from jobs
  where
    priority = 1000 /* Priority.later */
    and due_at <= p_now
    and definition = any(p_definitions)
    and queue || '' = any(p_queues)
  order by due_at
  limit 1
  for update skip locked;
  if v_place is null then
    select c.ctid
    into v_place
    from unnest(p_queues) q(name)
    cross join lateral (
      select j.ctid
      from jobs j
      where j.queue = q.name and j.priority < 1000 /* Priority.later */ and j.definition = any(p_definitions)
      order by j.priority, j.id
      limit 1
      for update skip locked
    ) c
    limit 1;
  end if;
  update jobs
  set priority = 1000 /* Priority.later */, due_at = p_due, attempts = attempts + 1
  where ctid = v_place
  returning action into v_action;
  return v_action;
end $$;
