-- Why a lane does not take an action, or what it was superseded in; the lane for who asks for it by itself.
-- For other functions only: it inherits their search path and their settings.
create function refusal(p_kind text, p_words text, p_lane text, p_definition text, p_actor_id text) returns jsonb
language sql immutable as $$
  select cause_at(
    jsonb_build_object('kind', p_kind, 'message', p_words || lane_name(p_lane), 'lane', lane_name(p_lane)),
    p_definition,
    p_actor_id)
$$;
