-- What these actions and the one that is asked about wait for and where they perform, and what that one would wait
-- for: the lanes that it does not wait in yet, or the action that it would join. `child` is who performs a slot's
-- work. An action that waits in a lane needs one of `limit` seats there, and its turn: those with lower ones begin
-- before it. Of one whose end is decided only what undoes it waits: its callbacks wait for nobody. Whom that one would
-- supersede waits for nothing; who waits for these (`p_inherited`) would wait for that one, unless it is told
-- (`p_told`); and so would who only asks about it (`p_asks`).
-- For other functions only: it inherits their search path. Each row is found by its index.
create function edges_of_waiting(
  p_id uuid, p_lanes text[], p_limits int[], p_turns bigint[], p_joined uuid, p_among uuid[],
  p_inherited uuid[] default '{}', p_told uuid[] default '{}', p_asks uuid default null)
returns setof edge_of_waiting language plpgsql stable as $$
begin
  -- each once: who performs is counted
  p_among := array((select unnest(p_among) union select p_id) except select unnest(p_inherited || p_told));
  return query
    select
      p_id, null::uuid, null::int, l.lane, l."limit", coalesce(l.turn, 0),
      l.turn is not null and cardinality(p_lanes) > 1
    from unnest(p_lanes, p_limits, p_turns) l(lane, "limit", turn)
    union all
    select p_id, p_joined, null, null, null, null, null where p_joined is not null
    union all
    select l.id, p_id, l.step, null, null, null, null from live_actions l where l.id = p_asks;
  return query
    select s.action, x.child, s.step, null::text, null::int, null::bigint, null::boolean
    from (
      select a as id, a as child from unnest(p_among) a
      union all
      select i, p_id from unnest(p_inherited) i
    ) x
    cross join lateral (
      select o.action, o.step from slots o where o.child = x.id and o.status is null offset 0) s
    where (select a.outcome is null or a.phase <> 3 /* Phase.callbacks */ from live_actions a where a.id = s.action);
  return query
    select l.id, null::uuid, null::int, n.lane, n."limit", n.turn, n.several
    from unnest(p_among) x(id)
    cross join lateral (
      select a.id, a.lane, a.seat
      from live_actions a
      where a.id = x.id and (a.outcome is null or a.phase <> 3 /* Phase.callbacks */)
      offset 0
    ) l
    cross join lateral (
      select
        l.lane, case when l.seat < 0 /* Seat.performing */ then 1 end as "limit", 0::bigint as turn, false as several
      where l.seat is not null
      union all
      select
        m.lane, case when m.seat is null then m."limit" end, turn_of(m.priority, m.place), m.several
      from seats m
      where l.lane is null and m.action = l.id) n;
end $$;
