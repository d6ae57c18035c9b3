-- Nothing was heard for too long of whoever is awaited outside, who has said this last.
-- Names nothing of the schema, and needs no search path.
create function silent_cause(p_details jsonb) returns jsonb
language sql immutable as $$
  select
    jsonb_build_object('kind', 'heartbeat_timed_out', 'message', 'no heartbeat in time' /* words.silent */)
    || case when p_details is null then '{}' else jsonb_build_object('details', p_details) end
$$;
