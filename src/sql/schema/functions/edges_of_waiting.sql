-- What these actions and the one that is asked about wait for and where they perform, and what that one would wait for:
-- the lanes that it does not wait in yet, or the action that it would join. `child` is who performs a slot's work. An
-- action that waits in a lane needs one of `limit` seats there, and its turn: those with lower ones begin before it.
-- What has been decided about an action ends it without anybody.
-- For other functions only: it inherits their search path. Each row is found by its index.
create function edges_of_waiting(
  p_id uuid, p_lanes text[], p_limits int[], p_turn bigint, p_joined uuid, p_among uuid[])
returns setof edge_of_waiting language plpgsql stable as $$
begin
  -- each once: who performs is counted
  p_among := array(select unnest(p_among) union select p_id);
  return query
    select p_id, null::uuid, null::int, l.lane, l."limit", coalesce(p_turn, 0), false
    from unnest(p_lanes, p_limits) l(lane, "limit")
    union all
    select p_id, p_joined, null, null, null, null, null where p_joined is not null;
  return query
    select s.action, x.id, s.step, null::text, null::int, null::bigint, null::boolean
    from unnest(p_among) x(id)
    cross join lateral (
      select o.action, o.step from slots o where o.child = x.id and o.status is null offset 0) s
    where (select a.outcome is null from live_actions a where a.id = s.action);
  return query
    select l.id, null::uuid, null::int, n.lane, n."limit", n.turn, n.several
    from unnest(p_among) x(id)
    cross join lateral (
      select a.id, a.lane, a.seat from live_actions a where a.id = x.id and a.outcome is null offset 0) l
    cross join lateral (
      select l.lane, case l.seat when -1 /* Seat.pending */ then 1 end as "limit", 0::bigint as turn, false as several
      where l.seat is not null
      union all
      select
        m.lane, case when m.seat is null then m."limit" end, turn_of(m.priority, m.place), m.several
      from seats m
      where l.lane is null and m.action = l.id) n;
end $$;
