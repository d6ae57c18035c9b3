-- Puts the job that a claim of one would take first off to a later time: an error that nobody expected stops it, and
-- must not stop those behind it.
create function set_aside(p_now timestamptz, p_due timestamptz, p_queues text[], p_definitions text[]) returns uuid
language plpgsql set search_path from current as $$
declare
  first_places tid[];
  v_action uuid;
begin
  select t.places
  into first_places
  from take_jobs(
    null, p_now, 1, p_queues, p_definitions, null, null, null, exists (select 1 from pauses), true) t;
  update jobs
  set priority = 1000 /* Priority.later */, due_at = p_due, attempts = least(attempts + 1, 32767)
  where ctid = first_places[1]
  returning action into v_action;
  return v_action;
end $$;
