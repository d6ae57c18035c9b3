-- `send_signal`, and a record of it: nothing, where there is nobody whom it could be for, or nobody can say who is
-- meant.
create function send_recorded(
  p_now timestamptz, p_id uuid, p_definition text, p_actor_id text, p_name text, p_key text, p_payload jsonb,
  p_cause jsonb, p_unlisting text[], p_limit int, p_step int, p_attempt int,
  p_trace text, p_given text, p_held_until timestamptz, p_operation jsonb, out became int, out action uuid,
  out definition text, out actor_id text, out candidates uuid[])
language plpgsql set search_path from current as $$
#variable_conflict use_column
declare
  v_outcome text;
begin
  select s.became, s.action, s.definition, s.actor_id, s.candidates
  into became, action, definition, actor_id, candidates
  from send_signal(
    p_now => p_now, p_id => p_id, p_definition => p_definition, p_actor_id => p_actor_id, p_name => p_name,
    p_key => p_key, p_payload => p_payload, p_cause => p_cause, p_unlisting => p_unlisting, p_limit => p_limit,
    p_step => p_step, p_attempt => p_attempt, p_trace => p_trace, p_given => p_given,
    p_held_until => p_held_until) s;
  v_outcome := case became
    when 1 /* Sent.sent */ then 'done'
    when 2 /* Sent.repeated */ then 'already'
    when 4 /* Sent.conflict */ then 'conflict'
    when 5 /* Sent.full */ then 'full'
    when 0 /* Sent.none */ then (select 'none' from named_by(p_id) n where n.definition is not null) end;
  if v_outcome is not null then
    perform record_operation(
      jsonb_set(p_operation, '{target}', to_jsonb(coalesce(p_id, action)::text)), v_outcome);
  end if;
end $$;
