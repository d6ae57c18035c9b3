-- Invocations whose time has come stand in their queues as if they were enqueued now: at their priorities, and behind
-- what is there, with a new number, since the claims of this moment have passed by older ones.
-- For other functions only: it inherits their search path and their settings.
create function queue_delayed(p_now timestamptz, p_limit int) returns int
language plpgsql as $$
declare
  v_count int;
begin
  update jobs j
  set id = default, priority = coalesce(j.own_priority, 0), due_at = null
  from (
    select ctid as place
    from jobs
    where priority = 1003 /* Priority.delayed */ and due_at <= p_now
    order by due_at, id
    limit p_limit
    for update skip locked
  ) d
  where j.ctid = d.place;
  get diagnostics v_count = row_count;
  return v_count;
end $$;
