-- When a lane with a rate may see the next start: when the one that is as many starts ago as it allows has left the
-- window. Null where there is room, or no rate.
-- Names nothing of the schema, and needs no search path.
create function rate_free_at(p_settings jsonb, p_starts timestamptz[]) returns timestamptz
language sql immutable as $$
  select
    p_starts[cardinality(p_starts) - (p_settings ->> 'rate')::int + 1]
      + (p_settings ->> 'per')::bigint * interval '1 millisecond'
$$;
