-- Takes the pause of all schedules back, once those that were to fire have passed that by (`pass_schedules`); gives
-- whether there was one. What has a pause of its own stays paused.
create function resume_schedules(p_passed int, p_operation jsonb) returns boolean
language plpgsql set search_path from current as $$
begin
  delete from pauses where kind = 'schedules';
  if not found then return false; end if;
  perform record_operation(p_operation, 'done', jsonb_build_object('passed', p_passed));
  return true;
end $$;
