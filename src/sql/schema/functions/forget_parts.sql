-- Takes from actions of others, which have ended and which the caller has locked, what an actor's actions have come to:
-- what their slots were settled with, what of their failures has come from there, and a result that is made of such.
-- For other functions only: it inherits their search path and their settings.
create function forget_parts(p_ids uuid[], p_type text, p_actor_id text) returns void
language plpgsql as $$
#variable_conflict use_column
declare
  v_actor text := p_type || '/' || p_actor_id;
  v_action uuid;
  is_result boolean;
begin
  foreach v_action in array p_ids loop
    is_result := exists (
      select 1 from slots_of(v_action, p_type, p_actor_id) h where is_handed_on(v_action, h.step, h.slot));
    update slots o
    set result = null, cause = without_words(o.cause), details = null, request = null
    where
      o.action = v_action
      and (
        tells_of(o.cause, v_actor)
        or (o.step, o.slot) in (select h.step, h.slot from slots_of(v_action, p_type, p_actor_id) h));
    -- of others that were unwound, what could not be undone below them
    update slots o
    set cause = left_without_words(o.cause, p_type, p_actor_id)
    where o.action = v_action and left_without_words(o.cause, p_type, p_actor_id) is distinct from o.cause;
    update steps s
    set
      result = case when tells_of(s.result -> '$failure', v_actor)
        then jsonb_build_object('$failure', without_words(s.result -> '$failure')) else s.result end,
      attempts = case
        when exists (
          select 1 from jsonb_array_elements(s.attempts -> 'last') x where tells_of(x -> 'failure', v_actor))
        then attempts_forgotten(s.attempts) else s.attempts end
    where s.action = v_action and (s.attempts is not null or s.result ? '$failure');
    update ended_actions e
    set
      result = case when not is_result then e.result end,
      cause = case
        when tells_of(e.cause, v_actor) then without_words(e.cause)
        else left_without_words(e.cause, p_type, p_actor_id) end,
      unwound = left_without_words(e.unwound, p_type, p_actor_id),
      forgotten = coalesce(e.forgotten, 0) | 4 /* Forgotten.part */
        | case when is_result then 2 /* Forgotten.result */ else 0 end
    where e.id = v_action;
  end loop;
end $$;
