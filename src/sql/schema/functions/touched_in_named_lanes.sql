-- Whom invocations may end that join their named lanes: those who wait where they supersede, and who performs where one
-- is cancelled for them.
-- For other functions only: it inherits their search path and their settings.
create function touched_in_named_lanes(p_jobs claimed_job[]) returns uuid[]
language plpgsql stable as $$
begin
  return array(
    select s.action
    from named_lanes n
    cross join lateral (select s.action, s.seat from seats s where s.lane = n.lane offset 0) s
    where
      n.lane = any(array(select unnest(j.lanes) from unnest(p_jobs) j))
      and (
        (n.settings ->> 'whenBusy' = 'supersede' and s.seat is null)
        or n.settings ->> 'whenBusy' = 'cancelRunning'));
end $$;
