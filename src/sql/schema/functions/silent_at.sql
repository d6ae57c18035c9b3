-- When nothing was heard for too long of whoever is heard now. A heartbeat is stored every third of its limit at most:
-- that much later, so that nobody is silent for less than the limit.
-- Names nothing of the schema, and needs no search path.
create function silent_at(p_heartbeat_ms bigint, p_now timestamptz) returns timestamptz
language sql immutable as $$
  select p_now + p_heartbeat_ms / 3.0 * 4 * interval '1 millisecond'
$$;
