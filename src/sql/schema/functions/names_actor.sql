-- Whether what was said of a failure comes from an action of an actor, `Car/1`, or is about one: the way to it, or
-- it, is said before the rest.
-- Names nothing of the schema, and needs no search path.
create function names_actor(p_words text, p_actor text) returns boolean
language sql immutable as $$
  select coalesce(
    strpos(p_words, ' ' || p_actor || ' › ') > 0 or strpos(p_words, ' ' || p_actor || ': ') > 0, false)
$$;
