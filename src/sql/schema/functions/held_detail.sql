-- What a worker needs to prepare an invocation: its place in the queue and the keys that are known already.
-- Names nothing of the schema, and needs no search path.
create function held_detail(p_job jobs) returns jsonb language sql immutable as $$
  select jsonb_build_object('job', p_job.id, 'queue', p_job.queue, 'lane', p_job.lane, 'checksumKey', p_job.checksum_key, 'timeout', p_job.timeout_ms)
$$;
