-- A cause as it is stored: the action is its path. `domain/Failure.ts` builds the causes, and has the words of those
-- that SQL builds.
-- Names nothing of the schema, and needs no search path.
create function cause_at(p_cause jsonb, p_definition text, p_actor_id text) returns jsonb
language sql immutable as $$
  select p_cause || jsonb_build_object(
    'path', split_part(p_definition, '/', 2) || ' ' || split_part(p_definition, '/', 1) || '/' || p_actor_id)
$$;
