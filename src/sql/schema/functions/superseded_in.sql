-- Why an action that is superseded ends for those who wait for it, in this lane: null where they wait for the newer
-- one.
-- For other functions only: it inherits their search path and their settings.
create function superseded_in(p_lane text, p_definition text, p_actor_id text) returns jsonb
language sql immutable as $$
  select case when p_lane is not null then refusal(
    'superseded', 'superseded by a newer action in the lane ' /* words.superseded */, p_lane, p_definition, p_actor_id)
  end
$$;
