-- For how many ms an action has waited that begins, since it was due; of more than 24 days so many. So simple that it
-- becomes a part of the statement that calls it.
-- Names nothing of the schema, and needs no search path.
create function waited(p_now timestamptz, p_since timestamptz) returns int
language sql immutable as $$
  select least(2147483647, greatest(0, extract(epoch from p_now - p_since) * 1000))::int
$$;
