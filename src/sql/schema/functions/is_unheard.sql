-- Whether a heartbeat is to be stored: it is the first one, or the last one that was stored is a third of the limit
-- ago; a second, without a limit.
-- Names nothing of the schema, and needs no search path.
create function is_unheard(p_heard_at timestamptz, p_heartbeat_ms bigint, p_now timestamptz) returns boolean
language sql immutable as $$
  select p_heard_at is null
    or p_now >= p_heard_at + coalesce(p_heartbeat_ms / 3.0, 1000) * interval '1 millisecond'
$$;
