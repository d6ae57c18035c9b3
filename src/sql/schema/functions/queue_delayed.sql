-- Invocations whose time has come stand in their queues as if they were enqueued now: at their priorities, and behind
-- what is there, with a new number, since the claims of this moment have passed by older ones, and in the next turns of
-- their tenants.
-- For other functions only: it inherits their search path and their settings.
create function queue_delayed(p_now timestamptz, p_limit int) returns int
language plpgsql as $$
declare
  v_count int;
  in_turns tid[];
begin
  with u as (
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
    where j.ctid = d.place
    returning j.ctid as place, j.id, j.tenant
  )
  select count(*), array_agg(u.place order by u.id) filter (where u.tenant is not null) into v_count, in_turns from u;
  if in_turns is not null then perform give_turns(in_turns); end if;
  return v_count;
end $$;
