-- Fixes the outcome of live actions from outside whose bodies run: they end first, since what undoes them would run
-- beside them, or since nobody is to interrupt them. Their rows are locked, and stay with whoever has them: interrupts
-- the bodies that are not shielded, and goes on from their end. Of a worker that dies they are taken over as ever. With
-- `p_unwinds` false nothing is undone after that.
-- For other functions only: it inherits their search path and their settings.
create function close_running(
  p_ids uuid[], p_status smallint, p_result jsonb, p_cause jsonb, p_unwinds boolean, p_trace text) returns setof answer
language plpgsql as $$
begin
  update live_actions
  set
    outcome = p_status,
    result = p_result,
    cause = cause_at(p_cause, definition, actor_id),
    outcome_trace = p_trace,
    phase = 7 /* Phase.closing */,
    verdict = case when not p_unwinds then '{"_tag": "ends"}'::jsonb end
  where id = any(p_ids);
  return query
    select
      (-11 /* Kind.closing */)::smallint, id, definition, actor_id, null::jsonb, 0, p_status,
      0::smallint, 0::smallint, null::json
    from live_actions
    where id = any(p_ids);
end $$;
