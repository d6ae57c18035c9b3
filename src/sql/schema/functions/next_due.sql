-- When the next wait or retry is due, and the next timeout, in ms of user time; and whether something is resumed.
create function next_due(out wait float8, out timeout float8, out resumed boolean)
language plpgsql stable set search_path from current as $$
begin
  wait := extract(epoch from least(
    (select min(o.due_at) from slots o where o.status is null and o.due_at is not null and o.signal is null),
    (select min(j.due_at) from jobs j where j.priority = 1000 /* Priority.later */ and j.due_at is not null),
    (select min(j.due_at) from jobs j where j.priority = 1003 /* Priority.delayed */ and j.due_at is not null),
    (
      select min(n.due_at)
      from named_lanes n
      where
        n.due_at is not null
        and exists (select 1 from seats s where s.lane = n.lane and s.seat is null offset 0)
    ))) * 1000;
  timeout := extract(epoch from least(
    (select min(o.due_at) from slots o where o.status is null and o.due_at is not null and o.signal is not null),
    (
      select min(l.timeout_at)
      from live_actions l
      where l.timeout_at is not null and l.outcome is null and l.status = 1 /* Status.performing */
    ),
    (
      select l.step_timeout_at
      from live_actions l
      where
        l.step_timeout_at is not null and l.phase = 1 /* Phase.waiting */ and l.token is null
        and exists (
          select 1 from slots o where o.action = l.id and o.step = l.step and o.status is null offset 0)
      order by l.step_timeout_at
      limit 1
    ),
    (select min(l.silent_at) from live_actions l where l.silent_at is not null and l.outcome is null))) * 1000;
  resumed := resumes();
end $$;
