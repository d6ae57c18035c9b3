-- The settled slots of an action that an actor's actions have settled: by what was asked for, or by who has taken the
-- place of that; or one whose result had, in turn, been such a one's and is forgotten.
-- For other functions only: it inherits their search path and their settings.
create function slots_of(p_action uuid, p_type text, p_actor_id text) returns table (step int, slot int)
language plpgsql stable as $$
begin
  return query
    select o.step, o.slot
    from slots o
    where
      o.action = p_action
      and o.status is not null
      and (
        (o.actor_id = p_actor_id and starts_with(o.definition, p_type || '/'))
        or (
          o.child is not null
          and (
            select (c.actor_id = p_actor_id and starts_with(c.definition, p_type || '/'))
              or coalesce(c.forgotten & 2 /* Forgotten.result */ <> 0, false)
            from ended_actions c
            where c.id = o.child)));
end $$;
