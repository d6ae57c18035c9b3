-- Why an action cannot wait in a lane.
-- For other functions only: it inherits their search path and their settings.
create function deadlock_cause(p_lane text, p_definition text, p_actor_id text) returns jsonb
language sql immutable as $$
  select cause_at(
    jsonb_build_object(
      'kind', 'deadlocked',
      'message',
      'deadlocked: it would wait for an action that waits for it, in the lane ' /* words.deadlocked */ || p_lane),
    p_definition,
    p_actor_id)
$$;
