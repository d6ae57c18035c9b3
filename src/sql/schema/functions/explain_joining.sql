-- What would become of an invocation whose keys are known, if a worker took it now. Of one that is achieved also what
-- would become of it otherwise: whether it counts the worker says who reads it. `p_asks` is its parent, where nobody
-- has enqueued it.
-- For other functions only: it inherits their search path and their settings.
create function explain_joining(p_now timestamptz, p_job claimed_job, p_settings jsonb, p_asks uuid) returns jsonb
language plpgsql stable as $$
declare
  answer jsonb := case
    when p_job.lane is not null then explain_lane(p_job, p_asks)
    else explain_named_lanes(p_now, p_job, p_settings, p_asks) end;
begin
  return coalesce(
    (
      select jsonb_build_object(
        'tag', 'Achieved', 'action', a.action, 'achievedAt', extract(epoch from a.achieved_at) * 1000, 'result',
        a.result, 'then', answer)
      from achievement_for(p_job.checksum_key, p_job.checksum, p_job.passes_by) a
    ),
    answer);
end $$;
