-- What a named lane does for an invocation: as its worker has it for the lane's name, or else as the lane has it that
-- is in use.
-- For other functions only: it inherits their search path and their settings.
create function applied_settings(p_lane text, p_settings jsonb, p_stored jsonb) returns jsonb
language sql immutable as $$
  select coalesce(
    p_settings -> split_part(p_lane, U&'\0001', 1), p_stored, '{"limit": 1, "whenBusy": "line"}'::jsonb)
$$;
