-- `compensate_again`, and a record of it: nothing, where there is no such action.
create function compensate_recorded(
  p_now timestamptz, p_action uuid, p_operation jsonb, out became text, out action uuid, out step text,
  out reason text, out steps text[])
language plpgsql set search_path from current as $$
begin
  select c.became, c.action, c.step, c.reason, c.steps
  into became, action, step, reason, steps
  from compensate_again(p_now, p_action) c;
  if became <> 'none' then
    perform record_operation(p_operation, case became when 'notCompensable' then reason else became end);
  end if;
end $$;
