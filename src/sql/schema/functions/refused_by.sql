-- Why an invocation cannot join its named lanes, which the caller has locked: the cause, or null. One that is busy
-- rejects, and a line of which as many wait as may takes nobody more who would have to wait.
-- For other functions only: it inherits their search path and their settings.
create function refused_by(p_now timestamptz, p_job claimed_job, p_settings jsonb default null) returns jsonb
language plpgsql stable as $$
declare
  l record;
  cause jsonb;
  waits boolean := false;
begin
  for l in
    select
      n.lane,
      n.settings ->> 'whenBusy' as policy,
      (n.settings ->> 'maxPending')::int as most,
      (select count(*) from seats p where p.lane = n.lane and p.seat is not null) >= (n.settings ->> 'limit')::int
        or rate_free_at(n.settings, n.starts) > p_now
        or is_paused(n.lane, null, null)
        or (
          n.settings ->> 'whenBusy' in ('line', 'reject')
          and exists (select 1 from seats w where w.lane = n.lane and w.seat is null offset 0)) as busy
    from entered_lanes(p_job.lanes, p_settings) n
    order by n.lane collate "C"
  loop
    waits := waits or l.busy;
    if l.busy and l.policy = 'reject' then
      return refusal('lane_busy', 'turned away by the busy lane ' /* words.busy */, l.lane, p_job.definition,
      p_job.actor_id);
    end if;
    if l.most is not null and cause is null then
      if l.most <= (
        select count(*) from (
          select
          from seats w
          where w.lane = l.lane and w.seat is null and w.priority > -1000 /* Priority.first */
          limit l.most
        ) w
      ) then
        cause := refusal('lane_full', 'turned away by the full lane ' /* words.full */, l.lane, p_job.definition,
        p_job.actor_id);
      end if;
    end if;
  end loop;
  return case when waits then cause end;
end $$;
