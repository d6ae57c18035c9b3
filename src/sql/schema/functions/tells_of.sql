-- Whether a cause has something to say of an actor, `Car/1`: the failure has come from an action of it, or through one,
-- or one could not be undone, or what it has given could not be read.
-- For other functions only: it inherits their search path and their settings.
create function tells_of(p_cause jsonb, p_actor text) returns boolean
language plpgsql immutable as $$
begin
  if p_cause is null or jsonb_typeof(p_cause) <> 'object' or p_cause ? 'forgotten' then return false; end if;
  return
    coalesce(p_cause -> 'declaredBy' ->> 'actor' = p_actor, false)
    or coalesce(strpos((p_cause ->> 'path') || ' › ', ' ' || p_actor || ' › ') > 0, false)
    or names_actor(p_cause ->> 'message', p_actor);
end $$;
