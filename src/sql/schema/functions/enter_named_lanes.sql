-- Makes and locks the named lanes of invocations that join, with the settings that this worker has for their names: an
-- admission is decided by whoever makes it; where they are others than before, the line is due, and `tick` looks at it,
-- whatever becomes of the newcomer. In one pass with those that the actions that wait there hold besides, which
-- may be superseded or begin. `keys` are those under which whoever may begin there, with these or by them, erases what
-- was achieved: they are locked together with those of plain lanes, in one pass. `performing` is who may be cancelled
-- for one of them.
-- For other functions only: it inherits their search path and their settings.
create function enter_named_lanes(
  p_now timestamptz, p_lanes jsonb, p_jobs claimed_job[], out keys text[], out performing uuid[])
language plpgsql as $$
declare
  entered text[] := array(
    select unnest(j.lanes) from unnest(p_jobs) j
    union
    select unnest(lanes_behind(array(select unnest(j.lanes) from unnest(p_jobs) j))));
begin
  insert into named_lanes (lane, settings)
  select
    x.lane,
    applied_settings(x.lane, p_lanes, (select n.settings from named_lanes n where n.lane = x.lane))
  from unnest(entered) x(lane)
  order by x.lane
  on conflict (lane) do update
  set settings = excluded.settings, due_at = p_now
  where named_lanes.settings <> excluded.settings;

  -- as many from the front of a line as there is room for, behind those that may leave it for these
  keys := array(
    select j.checksum_key from unnest(p_jobs) j
    union all
    select l.checksum_key
    from named_lanes n
    cross join lateral (
      select (n.settings ->> 'limit')::int - count(*) as count
      from seats p
      where p.lane = n.lane and p.seat is not null
      offset 0
    ) room
    cross join lateral (
      select s.action
      from seats s
      where room.count > 0 and s.lane = n.lane and s.seat is null
      order by s.priority, s.place
      limit greatest(0, room.count) + cardinality(p_jobs)
    ) w
    cross join lateral (select l.checksum_key from live_actions l where l.id = w.action offset 0) l
    where n.lane = any(entered));
  performing := array(
    select s.action
    from named_lanes n
    cross join lateral (select s.action, s.seat from seats s where s.lane = n.lane offset 0) s
    where
      n.lane = any(array(select unnest(j.lanes) from unnest(p_jobs) j))
      and n.settings ->> 'whenBusy' = 'cancelRunning'
      and s.seat is not null);
end $$;
