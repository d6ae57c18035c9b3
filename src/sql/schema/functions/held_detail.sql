-- What a worker needs to prepare an invocation: its place in the queue and the keys that are known already.
-- Names nothing of the schema, and needs no search path.
create function held_detail(p_id bigint, p_queue text, p_lane text, p_lanes text[], p_checksum_key text,
p_timeout_ms bigint, p_trace text) returns jsonb
language sql immutable as $$
  select jsonb_build_object(
    'job', p_id, 'queue', p_queue, 'lane', p_lane, 'lanes', p_lanes, 'checksumKey', p_checksum_key, 'timeout',
    p_timeout_ms, 'trace', p_trace)
$$;
