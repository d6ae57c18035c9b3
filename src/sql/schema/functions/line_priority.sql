-- The priority of an invocation in its lines: what goes before the others in its queue does so for another reason.
-- Names nothing of the schema, and needs no search path.
create function line_priority(p_priority smallint) returns smallint
language sql immutable as $$
  select case when p_priority > -1000 /* Priority.first */ then p_priority else 0::smallint end
$$;
