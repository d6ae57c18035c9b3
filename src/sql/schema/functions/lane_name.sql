-- A named lane as people read it: its name, a colon, and the key.
-- For other functions only: it inherits their search path and their settings.
create function lane_name(p_lane text) returns text
language sql immutable as $$
  select replace(p_lane, U&'\0001', ':')
$$;
