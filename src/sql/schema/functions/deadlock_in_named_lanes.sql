-- The cycle of waiting that an invocation would close by joining its named lanes, which the caller has locked; null
-- where there is none. Without a parent it is waited for by those alone whose place it takes, or whom it holds up.
-- `p_asks` is the parent of one that is only asked about.
-- For other functions only: it inherits their search path and their settings.
create function deadlock_in_named_lanes(p_job claimed_job, p_settings jsonb default null, p_asks uuid default null)
returns jsonb
language plpgsql stable as $$
declare
  entered text[];
  limits int[];
  turns bigint[];
  inherited uuid[] := array[]::uuid[];
  told uuid[] := array[]::uuid[];
  is_before boolean;
begin
  select
    array_agg(x.lane order by x.lane),
    array_agg(x."limit" order by x.lane),
    array_agg(x.turn order by x.lane),
    bool_or(
      cardinality(p_job.lanes) > 1
      and x.turn < (
        select turn_of(b.priority, b.place)
        from seats b
        where b.lane = x.lane and b.seat is null
        order by b.priority desc, b.place desc
        limit 1))
  into entered, limits, turns, is_before
  from (
    select
      n.lane,
      (n.settings ->> 'limit')::int as "limit",
      -- where it takes the place of who waits, it is behind nobody
      case when n.settings ->> 'whenBusy' = 'line' then
        turn_of(line_priority(p_job.priority), 140737488355328) end as turn
    from entered_lanes(p_job.lanes, p_settings) n
  ) x;
  if cardinality(p_job.lanes) > 1 then
    select coalesce(array_agg(s.action) filter (where s.told_in is null), '{}'),
      coalesce(array_agg(s.action) filter (where s.told_in is not null), '{}')
    into inherited, told
    from replaced_in_named_lanes(p_job, p_settings) s;
  end if;
  if p_job.parent is null and is_before is not true and cardinality(inherited) = 0 then return null; end if;
  return (
    deadlock_of(
      p_job.action, entered, limits, turns, p_inherited => inherited, p_told => told, p_asks => p_asks)).cycle;
end $$;
