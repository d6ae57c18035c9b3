-- Whom a signal by definition and actor is for: those that perform, else those that wait or are queued. Both looks see
-- the same moment, since the function is stable: who begins meanwhile would be in neither of them.
-- For other functions only: it inherits their search path and their settings.
create function signalled(p_definition text, p_actor_id text) returns uuid[]
language plpgsql stable as $$
declare
  ids uuid[] := array(
    select l.id
    from live_actions l
    where
      l.definition = p_definition and l.actor_id = p_actor_id and l.flags & 512 /* Flag.signals */ <> 0
      and l.status = 1 /* Status.performing */ and l.outcome is null
    order by l.id);
begin
  if cardinality(ids) > 0 then return ids; end if;
  return array(
    select l.id
    from live_actions l
    where
      l.definition = p_definition and l.actor_id = p_actor_id and l.flags & 512 /* Flag.signals */ <> 0
      and l.status = 0 /* Status.pending */ and l.outcome is null
    union
    select j.action
    from jobs j
    where
      j.kind = 0 /* JobKind.invocation */ and j.definition = p_definition and j.actor_id = p_actor_id
      and j.cancelled_at is null
    order by 1);
end $$;
