-- Of the edges of waiting those that hold these actions up: a child that is stuck; a lane in which as many as its limit
-- are, without a turn; a lane in which one before them in line is, with it.
-- For other functions only: it inherits their search path and their settings.
create function blocked_by(p_edges edge_of_waiting[], p_stuck uuid[]) returns setof edge_of_waiting
language sql stable as $$
  with e as materialized (
    select x.action, x.child, x.step, x.lane, x."limit", x.turn, x.several
    from unnest(p_edges) x
    where (x.action in (select unnest(p_stuck))) is true
  ),
  performing as (
    select e.lane, count(*) as count from e where e.lane is not null and e."limit" is null group by e.lane
  ),
  first as (select e.lane, min(e.turn) as turn from e where e.several and e."limit" is not null group by e.lane)
  select e.action, e.child, e.step, e.lane, e."limit", e.turn, e.several
  from e
  where (e.child in (select unnest(p_stuck))) is true
  union all
  select e.action, e.child, e.step, e.lane, e."limit", null, e.several
  from e
  join performing p on p.lane = e.lane
  where p.count >= e."limit"
  union all
  select e.action, e.child, e.step, e.lane, e."limit", e.turn, e.several
  from e
  join first f on f.lane = e.lane
  where e."limit" is not null and f.turn < e.turn
$$;
