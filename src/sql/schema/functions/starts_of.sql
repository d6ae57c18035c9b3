-- Hands over those of a claim's invocations that have started. What goes on for one that has ended takes over first,
-- and is handed over unless it waits again.
-- For other functions only: it inherits their search path and their settings.
create function starts_of(p_now timestamptz, p_jobs claimed_job[], p_started uuid[]) returns setof answer
language plpgsql as $$
declare
  plain int;
  retried uuid[];
begin
  return query
    select
      0 /* Kind.start */::smallint, j.action, j.definition, j.actor_id, j.arguments,
      waited(p_now, greatest(j.enqueued_at, j.delayed_until)), 0 /* Phase.step */::smallint, j.attempts, j.depth,
      start_detail(extract(epoch from p_now) * 1000 + j.timeout_ms, j.trace)
    from unnest(p_jobs) j
    where (j.action in (select unnest(p_started))) is true and j.retry_of is null;
  get diagnostics plain = row_count;
  if plain < cardinality(p_started) then
    retried := array(select l.id from live_actions l where l.id = any(p_started) and l.retry_of is not null);
    return query select * from take_over(p_now, retried);
    return query select * from continued(array(
      select l.id from live_actions l where l.id = any(retried) and l.token is not null order by l.id));
  end if;
end $$;
