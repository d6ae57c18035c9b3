-- Lanes that were resumed go on, some at a time: the first of each performs, by a job; lines of named lanes are due,
-- and looked at by `tick`. Each of `resumed` is looked at until whoever may not have heard of it, and so may have held
-- somebody since, has ended, and nobody was locked. Gives how many went on, and were looked at for the first time.
-- For other functions only: it inherits their search path and their settings.
create function resume_lanes(p_now timestamptz, p_limit int) returns int
language plpgsql as $$
declare
  v_count int;
  v_lanes text[];
  heard text[];
  pass record;
  held text[] := array[]::text[];
  waiting uuid[];
  ids uuid[];
  lines text[];
  due text[];
begin
  select
    count(*) filter (where m.until is null), coalesce(array_agg(m.subject), '{}'),
    array_agg(m.subject) filter (where m.until <= pg_snapshot_xmin(pg_current_snapshot()))
  into v_count, v_lanes, heard
  from (
    select subject, until
    from resumed
    where kind = 'lane'
    order by looked_at nulls first, subject
    limit p_limit
    for update skip locked
  ) m;
  select kind, subject, until, passed, is_last
  into pass
  from resumed
  where kind <> 'lane'
  order by looked_at nulls first, kind, subject
  limit 1
  for update skip locked;
  if pass.kind is not null then
    if pass.passed is null then
      pass.is_last := coalesce(pass.until <= pg_snapshot_xmin(pg_current_snapshot()), false);
    end if;
    held := array(
      select lane
      from (
        (
          select l.lane
          from live_actions l
          where
            l.seat = 0 /* Seat.performing */
            and l.status = 0 /* Status.pending */
            and l.lane > coalesce(pass.passed, '')
          order by l.lane
          limit p_limit
        )
        union all
        (
          select n.lane
          from named_lanes n
          where n.paused and n.lane > coalesce(pass.passed, '')
          order by n.lane
          limit p_limit
        )
      ) x
      order by lane
      limit p_limit);
  end if;

  waiting := array(
    select id
    from live_actions
    where
      lane = any(v_lanes || held)
      and seat = 0 /* Seat.performing */
      and status = 0 /* Status.pending */
      and not is_paused(lane, queue, definition));
  ids := array(
    select l.id
    from unnest(waiting) w
    cross join lateral (
      select l.id, l.lane, l.seat, l.status from live_actions l where l.id = w offset 0 for update skip locked
    ) l
    where l.seat = 0 /* Seat.performing */ and l.status = 0 /* Status.pending */
    order by l.lane);
  if cardinality(ids) > 0 then
    perform erase_achievements(array(select coalesce(checksum_key, lane) from live_actions where id = any(ids)));
    perform promote_next(null, p_now, '{}', '{}', '{}', ids);
  end if;
  -- who is first in a lane may be held in another one of its lanes
  lines := array(
    select n.lane
    from named_lanes n
    where
      n.lane = any(v_lanes || lanes_behind(v_lanes) || held)
      -- those that are due already have had their look, and keep the mark until `tick` has seen it
      and n.paused
      and (n.due_at <= p_now) is not true
      and not coalesce(
        waits_for_pause((
          select s.action from seats s where s.lane = n.lane and s.seat is null order by s.priority, s.place limit 1)),
        false));
  due := array(
    select n.lane from named_lanes n where n.lane = any(lines) and n.paused order by n.lane for update skip locked);
  update named_lanes set due_at = p_now where lane = any(due);

  if cardinality(ids) < cardinality(waiting) or cardinality(due) < cardinality(lines) then
    heard := null;
    pass.is_last := false;
  end if;
  delete from resumed where kind = 'lane' and subject = any(heard);
  update resumed
  set until = coalesce(until, pg_snapshot_xmax(pg_current_snapshot())), looked_at = clock_timestamp()
  where kind = 'lane' and subject = any(v_lanes);
  if cardinality(held) < p_limit and pass.is_last then
    delete from resumed where kind = pass.kind and subject = pass.subject;
  else
    update resumed
    set
      until = coalesce(until, pg_snapshot_xmax(pg_current_snapshot())),
      passed = case when cardinality(held) = p_limit then held[p_limit] end,
      is_last = pass.is_last,
      looked_at = clock_timestamp()
    where kind = pass.kind and subject = pass.subject;
  end if;
  return v_count + cardinality(ids) + cardinality(due) + case when cardinality(held) = p_limit then 1 else 0 end;
end $$;
