-- `retry_action`, and a record of it: nothing, where there is no such action.
create function retry_recorded(
  p_now timestamptz, p_action uuid, p_from text, p_is_upwards boolean, p_operation jsonb, out became text,
  out action uuid, out lane text, out reason text, out step text, out retried uuid)
language plpgsql set search_path from current as $$
begin
  select r.became, r.action, r.lane, r.reason, r.step, r.retried
  into became, action, lane, reason, step, retried
  from retry_action(p_now, p_action, p_from, p_is_upwards) r;
  if became <> 'none' then
    perform record_operation(p_operation, case became
      when 'retried' then 'alreadyRetried'
      when 'notRetryable' then reason
      else became end);
  end if;
end $$;
