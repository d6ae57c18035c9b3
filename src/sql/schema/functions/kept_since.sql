-- What ended before it is kept no longer, of one definition with one status; null: it is kept for ever. Without rules
-- it is one time for all. `p_rules` has an array of times (ms of user time) for each definition that has rules of its
-- own, and one under '' for all others: at each status's code the time, or null.
-- For other functions only: it inherits their search path and their settings.
create function kept_since(p_before timestamptz, p_rules jsonb, p_definition text, p_status smallint)
returns timestamptz
language sql immutable as $$
  select case
    when p_rules is null then p_before
    else to_timestamp((coalesce(p_rules -> p_definition, p_rules -> '') ->> p_status::int)::float8 / 1000)
  end
$$;
