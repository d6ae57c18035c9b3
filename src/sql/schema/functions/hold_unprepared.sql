-- Invocations that a worker has to prepare before they join: held for it, with what it needs for that.
-- For other functions only: it inherits their search path and their settings.
create function hold_unprepared(p_token bigint, p_jobs claimed_job[]) returns setof answer
language plpgsql as $$
begin
  perform hold_for_preparing(p_token, p_jobs);
  return query
    select
      2 /* Kind.prepare */::smallint, h.action, h.definition, h.actor_id, h.arguments, 0, 0::smallint, h.attempts,
      h.depth, held_detail(h.id, h.queue, h.lane, h.lanes, h.checksum_key, h.timeout_ms, h.trace)::json
    from unnest(p_jobs) h;
end $$;
