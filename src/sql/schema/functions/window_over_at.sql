-- When the starts that a lane's rate counts are past; null where there are none, or no rate any more.
-- Names nothing of the schema, and needs no search path.
create function window_over_at(p_settings jsonb, p_starts timestamptz[]) returns timestamptz
language sql immutable as $$
  select
    p_starts[cardinality(p_starts)] + coalesce((p_settings ->> 'per')::bigint, 0) * interval '1 millisecond'
$$;
