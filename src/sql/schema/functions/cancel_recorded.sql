-- Cancels as `complete` does, and records who has asked for it, and what has come of that: nothing, where somebody has
-- the action in hand and it is tried again, or where there is no such action.
create function cancel_recorded(
  p_token bigint, p_now timestamptz, p_definitions text[], p_first_steps text[], p_flags smallint[], p_id uuid,
  p_definition text, p_actor_id text, p_status smallint, p_result jsonb, p_cause jsonb, p_outbound boolean,
  p_unwinds boolean, p_operation jsonb)
returns setof answer language plpgsql set search_path from current as $$
declare
  a answer;
begin
  for a in
    select *
    from complete(
      p_token, p_now, p_definitions, p_first_steps, p_flags, p_id, p_definition, p_actor_id, p_status, p_result,
      p_cause, p_outbound, p_unwinds)
  loop
    if a.kind = -6 /* Kind.verdict */ and a.step in (1 /* Verdict.done */, 4 /* Verdict.over */) then
      perform record_operation(p_operation, case a.step when 1 /* Verdict.done */ then 'done' else 'over' end);
    end if;
    return next a;
  end loop;
end $$;
