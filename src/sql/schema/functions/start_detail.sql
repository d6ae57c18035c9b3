-- What an action begins with beside its arguments: when its time is over, in ms, if it has a limit; where its trace
-- goes on, if it has one, as a list of both. So simple that it becomes a part of the statement that calls it.
-- Names nothing of the schema, and needs no search path.
create function start_detail(p_timeout_at numeric, p_trace text) returns json
language sql stable as $$
  select case when p_trace is null then to_json(p_timeout_at) else json_build_array(p_timeout_at, p_trace) end
$$;
