-- What unwinds ended actions comes next in their lanes: before those that are pending, one after another in this order.
-- It supersedes nobody, and a pause does not hold it. `started` have a plain lane, `entered` are the named lanes in
-- which some wait; whoever would wait for itself is `deadlocked`, for these `reasons`.
-- For other functions only: it inherits their search path and their settings.
create function unwind_in_lanes(
  p_now timestamptz, p_ids uuid[], out started uuid[], out entered text[], out deadlocked uuid[], out reasons text[])
language plpgsql as $$
declare
  x record;
  current record;
  cycle jsonb;
begin
  entered := array(
    select distinct l from ended_actions e cross join lateral unnest(e.lanes) l where e.id = any(p_ids) order by l);
  if cardinality(entered) > 0 then
    -- whoever joins one that nobody is in brings its settings
    insert into named_lanes (lane, settings)
    select l, '{"limit": 1, "whenBusy": "line"}' from unnest(entered || lanes_behind(entered)) l order by l
    on conflict (lane) do update set settings = named_lanes.settings where false;
  end if;
  -- every plain lane in one pass, in key order: free ones are taken, the others locked
  started := add_unwindings(p_now, f.ids, array_fill(0::smallint, array[cardinality(f.ids)]))
  from (
    select array_agg(i.id) as ids
    from (
      select distinct on (e.lane) u.id
      from unnest(p_ids) with ordinality u(id, n)
      cross join lateral (select e.lane from ended_actions e where e.id = u.id offset 0) e
      where e.lane is not null
      order by e.lane, u.n
    ) i
  ) f
  where f.ids is not null;
  started := coalesce(started, '{}');
  for x in
    select e.id, e.lane, e.lanes, e.definition, e.actor_id
    from unnest(p_ids) with ordinality u(id, n)
    cross join lateral (
      select e.id, e.lane, e.lanes, e.definition, e.actor_id from ended_actions e where e.id = u.id offset 0
    ) e
    where u.id <> all(started)
    order by u.n
  loop
    if x.lane is null then
      cycle := (
        select (deadlock_of(
          x.id, array_agg(n.lane order by n.lane), array_agg((n.settings ->> 'limit')::int order by n.lane),
          array_agg(turn_of(-1000 /* Priority.first */::smallint, 140737488355328) order by n.lane))).cycle
        from named_lanes n
        where n.lane = any(x.lanes));
    else
      cycle := (deadlock_of(x.id, array[x.lane], array[1])).cycle;
    end if;
    if cycle is not null then
      deadlocked := deadlocked || x.id;
      reasons := reasons || (deadlock_cause(cycle, x.definition, x.actor_id) ->> 'message');
      continue;
    end if;
    if x.lane is null then
      perform add_unwindings(p_now, array[x.id], array[null::smallint]);
      with p as materialized (select nextval('places') as place)
      insert into seats (action, lane, "limit", priority, place, several)
      select
        x.id, n.lane, (n.settings ->> 'limit')::int, -1000 /* Priority.first */, p.place, cardinality(x.lanes) > 1
      from named_lanes n
      cross join p
      where n.lane = any(x.lanes);
      continue;
    end if;
    -- who is first in a lane that is paused, and does not perform, waits behind it
    update live_actions
    set seat = -1 /* Seat.pending */
    where lane = x.lane and seat = 0 /* Seat.performing */ and status = 0 /* Status.pending */;
    select min(l.seat) as last, bool_or(l.seat = 0 /* Seat.performing */) as is_taken
    into current
    from live_actions l
    where l.lane = x.lane and l.seat is not null;
    if current.is_taken then
      perform add_unwindings(p_now, array[x.id], array[(least(current.last, -1) - 1)::smallint]);
    else
      started := started || add_unwindings(p_now, array[x.id], array[0::smallint]);
    end if;
  end loop;
end $$;
