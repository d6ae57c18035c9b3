-- Hands over those of a claim's invocations that have started.
-- For other functions only: it inherits their search path and their settings.
create function starts_of(p_now timestamptz, p_jobs claimed_job[], p_started uuid[]) returns setof answer
language plpgsql as $$
begin
  return query
    select
      0 /* Kind.start */::smallint, j.action, j.definition, j.actor_id, j.arguments, 0, 0 /* Phase.step */::smallint,
      j.attempts, j.depth,
      case when j.timeout_ms is not null then to_json(extract(epoch from p_now) * 1000 + j.timeout_ms) end
    from unnest(p_jobs) j
    where (j.action in (select unnest(p_started))) is true;
end $$;
