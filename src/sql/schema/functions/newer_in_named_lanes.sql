-- Who waits in a superseding one of an invocation's named lanes and is newer by rule 14.2: it supersedes that one, and
-- in the lane `told_in` whoever waits for it is told so.
-- For other functions only: it inherits their search path and their settings.
create function newer_in_named_lanes(p_job claimed_job, p_settings jsonb default null, out id uuid, out told_in text)
language plpgsql stable as $$
begin
  select l.id, case when n.settings ->> 'waiters' = 'fail' then n.lane end
  into newer_in_named_lanes.id, newer_in_named_lanes.told_in
  from entered_lanes(p_job.lanes, p_settings) n
  cross join lateral (select s.action, s.place from seats s where s.lane = n.lane and s.seat is null offset 0) s
  cross join lateral (
    select l.id, l.unwinds, l.delayed_until, l.enqueued_at, l.queued_as
    from live_actions l
    where l.id = s.action
    offset 0
  ) l
  where
    n.settings ->> 'whenBusy' in ('supersede', 'cancelRunning')
    and l.unwinds is null
    and is_newer(l.delayed_until, l.enqueued_at, l.queued_as, p_job.delayed_until, p_job.enqueued_at, p_job.id)
  -- to be told in one lane is enough
  order by n.settings ->> 'waiters' is null, s.place
  limit 1;
end $$;
