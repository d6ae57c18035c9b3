-- Until when a lane puts the start of a newcomer off, where it debounces: the first of those that it has superseded one
-- after another came at `p_since`. Null where it does not.
-- Names nothing of the schema, and needs no search path.
create function start_put_off(p_settings jsonb, p_now timestamptz, p_since timestamptz) returns timestamptz
language sql immutable as $$
  select least(
    p_now + (p_settings ->> 'wait')::bigint * interval '1 millisecond',
    coalesce(p_since, p_now) + (p_settings ->> 'maxWait')::bigint * interval '1 millisecond')
$$;
