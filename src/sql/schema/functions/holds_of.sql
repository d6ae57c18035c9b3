-- Whether an action of somebody else has something that an actor's actions have come to and that is not forgotten: in
-- its slots, in what it has failed with, or in its result.
-- For other functions only: it inherits their search path and their settings.
create function holds_of(p_action uuid, p_type text, p_actor_id text) returns boolean
language plpgsql stable as $$
#variable_conflict use_column
declare
  v_actor text := p_type || '/' || p_actor_id;
  e record;
begin
  select a.forgotten, a.cause, a.unwound, a.result is not null as has_result
  into e
  from ended_actions a
  where a.id = p_action;
  return
    tells_of(e.cause, v_actor)
    or exists (
      select 1
      from slots_of(p_action, p_type, p_actor_id) h
      cross join lateral (
        select o.step, o.slot, o.result, o.details, o.request, o.cause
        from slots o
        where o.action = p_action and o.step = h.step and o.slot = h.slot
        offset 0
      ) o
      where
        e.forgotten is null
        or o.result is not null or o.details is not null or o.request is not null
        or not coalesce(o.cause ? 'forgotten', true)
        or (e.has_result and is_handed_on(p_action, o.step, o.slot)))
    or exists (
      select 1
      from slots o
      where
        o.action = p_action
        and o.cause is not null
        and (
          tells_of(o.cause, v_actor)
          or left_without_words(o.cause, p_type, p_actor_id) is distinct from o.cause))
    or exists (
      select 1
      from steps s
      where
        s.action = p_action
        and (
          tells_of(s.result -> '$failure', v_actor)
          or exists (
            select 1 from jsonb_array_elements(s.attempts -> 'last') x where tells_of(x -> 'failure', v_actor))))
    or left_without_words(e.cause, p_type, p_actor_id) is distinct from e.cause
    or left_without_words(e.unwound, p_type, p_actor_id) is distinct from e.unwound;
end $$;
