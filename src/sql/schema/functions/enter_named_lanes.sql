-- Makes and locks the named lanes of invocations that join, with the settings that this worker has for their names: an
-- admission is decided by whoever makes it. In one pass with those that the actions that wait there hold besides, which
-- may be superseded or begin.
-- For other functions only: it inherits their search path and their settings.
create function enter_named_lanes(p_lanes jsonb, p_jobs claimed_job[]) returns void
language plpgsql as $$
begin
  insert into named_lanes (lane, settings)
  select
    x.lane,
    coalesce(
      p_lanes -> split_part(x.lane, U&'\0001', 1),
      (select n.settings from named_lanes n where n.lane = x.lane),
      '{"limit": 1, "whenBusy": "line"}')
  from (
    select unnest(j.lanes) as lane from unnest(p_jobs) j
    union
    select unnest(lanes_behind(array(select unnest(j.lanes) from unnest(p_jobs) j)))
  ) x
  order by x.lane
  on conflict (lane) do update
  set settings = excluded.settings
  where named_lanes.settings <> excluded.settings;
end $$;
