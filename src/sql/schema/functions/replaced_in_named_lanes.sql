-- Who waits where an invocation joins its named lanes, and leaves them for it (2.5 c): since when the first of those
-- waits whose start it puts off again, and in which lane whoever waits for it is told so.
-- For other functions only: it inherits their search path and their settings.
create function replaced_in_named_lanes(p_job claimed_job, p_settings jsonb)
returns table (action uuid, since timestamptz, told_in text)
language sql stable as $$
  select s.action, min(s.since), min(s.lane) filter (where s.tells)
  from entered_lanes((p_job).lanes, p_settings) n
  cross join lateral (
    select s.action, s.since, s.lane, s.tells
    from seats s
    where s.lane = n.lane and s.seat is null and s.priority > -1000 /* Priority.first */
    offset 0
  ) s
  where n.settings ->> 'whenBusy' in ('supersede', 'cancelRunning')
  group by s.action
$$;
