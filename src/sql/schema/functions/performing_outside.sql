-- The actions of a definition and an actor that somebody outside completes, and that perform.
-- For other functions only: it inherits their search path and their settings.
create function performing_outside(p_definition text, p_actor_id text) returns uuid[]
language plpgsql stable as $$
begin
  return array(
    select id
    from live_actions
    where
      definition = p_definition
      and actor_id = p_actor_id
      and flags & 16 /* Flag.outbound */ <> 0
      and status = 1 /* Status.performing */
      and outcome is null
    order by id);
end $$;
