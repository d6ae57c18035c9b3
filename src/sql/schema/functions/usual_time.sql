-- How long actions of a definition take, from their start to their end, that have succeeded: of the newest `p_most` of
-- them, among the newest `p_looked` of the history.
create function usual_time(
  p_definition text, p_looked int, p_most int, out count int, out median_ms float8, out p95_ms float8)
language plpgsql stable set search_path from current as $$
begin
  select
    count(*), percentile_cont(0.5) within group (order by y.ms), percentile_cont(0.95) within group (order by y.ms)
  into count, median_ms, p95_ms
  from (
    select extract(epoch from x.ended_at - x.started_at)::float8 * 1000 as ms
    from (
      select e.definition, e.status, e.started_at, e.ended_at from ended_actions e order by e.id desc limit p_looked
    ) x
    where x.definition = p_definition and x.status = 2 /* Status.succeeded */ and x.started_at is not null
    limit p_most
  ) y;
end $$;
