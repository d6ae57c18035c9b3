-- What could not be done together: each of these joins its lane in the order of their ids. `ended` are actions and
-- invocations whose handles hear of an end.
-- For other functions only: it inherits their search path and their settings.
create function join_lanes(
  p_token bigint, p_now timestamptz, p_definitions text[], p_first_steps text[], p_flags smallint[],
  p_jobs claimed_job[], p_erased text[], p_is_pausing boolean, out started uuid[],
  out achieved unstored_answer[], out deadlocked unstored_answer[], out ended uuid[])
language plpgsql as $$
declare
  j claimed_job;
  joined record;
begin
  foreach j in array p_jobs loop
    select l.became, l.result, l.achieved_by, l.achieved_at, l.cycle, l.ended
    into joined
    from join_lane(
      p_token, p_now, p_definitions, p_first_steps, p_flags, j, p_erased,
      p_is_pausing and is_paused(j.lane, null, null)) l;
    case joined.became
      when 'performing' then
        started := started || j.action;
      when 'achieved' then
        achieved := achieved || row(
          j, 2 /* Status.succeeded */, joined.result, null, joined.achieved_by, joined.achieved_at)::unstored_answer;
      when 'deadlocked' then
        deadlocked := deadlocked || row(
          j, 7 /* Status.deadlocked */, null, deadlock_cause(joined.cycle, j.definition, j.actor_id),
          null, null)::unstored_answer;
      when 'busy' then
        deadlocked := deadlocked || row(
          j, 4 /* Status.cancelled */, null,
          refusal('lane_busy', 'turned away by the busy lane ' /* words.busy */, j.lane, j.definition, j.actor_id),
          null, null)::unstored_answer;
      else
        null;
    end case;
    if joined.ended is not null then ended := ended || joined.ended; end if;
  end loop;
end $$;
