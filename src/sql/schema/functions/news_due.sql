-- Something is due at a time.
-- For other functions only: it inherits their search path and their settings.
create function news_due(p_due timestamptz) returns answer
language sql immutable as $$
  select news(-10 /* Kind.due */, null, 0, to_json(extract(epoch from p_due) * 1000))
$$;
