-- `decide_step`, and a record of it: nothing, where there is no such action.
create function decide_recorded(
  p_now timestamptz, p_action uuid, p_step int, p_attempt int, p_verdict jsonb, p_operation jsonb)
returns int language plpgsql set search_path from current as $$
declare
  v_code int := decide_step(p_now, p_action, p_step, p_attempt, p_verdict);
begin
  if v_code <> 0 /* Verdict.none */ then
    perform record_operation(p_operation, case
      when v_code = 1 /* Verdict.done */ then 'done'
      when v_code = 7 /* Verdict.repeated */ then 'already'
      when v_code = 4 /* Verdict.over */ then 'over'
      -- as `ActionRepo.abandonUnwinding` answers
      when p_verdict ->> '_tag' = 'abandon' then 'notUnwinding'
      when v_code = 3 /* Verdict.busy */ then 'running'
      when v_code = 9 /* Verdict.notSkippable */ then 'notSkippable'
      else 'notStarted' end);
  end if;
  return v_code;
end $$;
