-- How long actions of a definition take, from their start to their end, that have succeeded: of the newest `p_looked`
-- of the history between each id of `p_bounds` and the next, lower one. All of them were enqueued by the first of
-- those: what came later and has ended is what takes shorter, and what takes hours is found among what was enqueued
-- hours ago.
create function usual_time(
  p_definition text, p_bounds uuid[], p_looked int, out count int, out median_ms float8, out p95_ms float8)
language plpgsql stable set search_path from current as $$
begin
  select
    count(*), percentile_cont(0.5) within group (order by y.ms), percentile_cont(0.95) within group (order by y.ms)
  into count, median_ms, p95_ms
  from (
    select extract(epoch from x.ended_at - x.started_at)::float8 * 1000 as ms
    from generate_series(1, cardinality(p_bounds) - 1) i
    cross join lateral (
      select e.definition, e.status, e.started_at, e.ended_at
      from ended_actions e
      where e.id <= p_bounds[i] and e.id > p_bounds[i + 1]
      order by e.id desc limit p_looked
    ) x
    where x.definition = p_definition and x.status = 2 /* Status.succeeded */ and x.started_at is not null
  ) y;
end $$;
