-- Completes as `complete` does, or, with a key, `complete_keyed`, and records who has asked for it, and what has come
-- of that: nothing, where somebody has the action in hand and it is tried again, or nobody knows which one is meant.
create function complete_recorded(
  p_token bigint, p_now timestamptz, p_definitions text[], p_first_steps text[], p_flags smallint[], p_id uuid,
  p_definition text, p_actor_id text, p_status smallint, p_result jsonb, p_cause jsonb, p_key text, p_given text,
  p_held_until timestamptz, p_step int, p_attempt int, p_trace text, p_operation jsonb)
returns setof answer language plpgsql set search_path from current as $$
declare
  a answer;
  v_outcome text;
begin
  for a in
    select c.*
    from complete(
      p_token, p_now, p_definitions, p_first_steps, p_flags, p_id, p_definition, p_actor_id, p_status, p_result,
      p_cause, true, true, p_step, p_attempt, p_trace) c
    where p_key is null
    union all
    select c.*
    from complete_keyed(
      p_token, p_now, p_definitions, p_first_steps, p_flags, p_id, p_definition, p_actor_id, p_status, p_result,
      p_cause, p_key, p_given, p_held_until, p_step, p_attempt, p_trace) c
    where p_key is not null
  loop
    v_outcome := case
      when a.kind = -6 /* Kind.verdict */ then case a.step
        when 1 /* Verdict.done */ then 'done'
        when 4 /* Verdict.over */ then 'over'
        when 6 /* Verdict.notStarted */ then 'notStarted'
        when 7 /* Verdict.repeated */ then 'already'
        when 8 /* Verdict.conflict */ then 'conflict' end end;
    if v_outcome is not null then
      perform record_operation(
        jsonb_set(p_operation, '{target}', to_jsonb(coalesce(p_id, a.action)::text)), v_outcome);
    end if;
    return next a;
  end loop;
end $$;
