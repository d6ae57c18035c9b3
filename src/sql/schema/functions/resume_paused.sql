-- What nothing pauses any more goes on, some at a time: invocations stand in their queues again, and lanes go on
-- (`resume_lanes`). Gives how much there was; what somebody has locked is left for the next call.
-- For other functions only: it inherits their search path and their settings.
create function resume_paused(p_now timestamptz, p_limit int) returns int
language plpgsql as $$
declare
  v_count int;
  in_turns tid[];
begin
  with u as (
    update jobs
    set priority = coalesce(own_priority, 0)
    where ctid = any(array(
      select j.place
      from resumable() r
      cross join lateral (
        select j.ctid as place
        from jobs j
        where j.priority = 1004 /* Priority.paused */ and j.queue = r.queue and j.definition = r.definition
        order by j.id
        limit p_limit
        for update skip locked
      ) j
      limit p_limit))
    returning ctid as place, id, tenant
  )
  select count(*), array_agg(u.place order by u.id) filter (where u.tenant is not null) into v_count, in_turns from u;
  if in_turns is not null then perform give_turns(in_turns); end if;
  if exists (select 1 from resumed) then v_count := v_count + resume_lanes(p_now, p_limit); end if;
  return v_count;
end $$;
