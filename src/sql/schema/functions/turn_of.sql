-- Where an action stands in the lines of its named lanes, as one number.
-- Names nothing of the schema, and needs no search path.
create function turn_of(p_priority smallint, p_place bigint) returns bigint
language sql immutable as $$
  select p_priority * 281474976710656 + p_place
$$;
