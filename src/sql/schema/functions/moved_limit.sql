-- A limit that is moved, and no further than the longest one may be from now on.
-- Names nothing of the schema, and needs no search path.
create function moved_limit(p_limit timestamptz, p_by float8, p_now timestamptz) returns timestamptz
language sql immutable strict as $$
  select greatest(p_limit, least(
    p_limit + p_by * interval '1 millisecond', p_now + 1e14 * interval '1 millisecond'))
$$;
