-- Settles the open slots of a step that wait for signals with what was sent in time and nobody has read: the first one
-- first, each once; of two with one key one alone, the one that was read or else the first one, and of what an attempt
-- has asked for nothing, once that attempt is over. Says whether there was any. The caller has locked the step's row,
-- or has just stored it.
-- For other functions only: it inherits their search path and their settings.
create function match_signals(p_action uuid, p_step int) returns boolean
language plpgsql as $$
declare
  o record;
  s record;
  has_settled boolean := false;
begin
  for o in
    select slot, signal, due_at
    from slots
    where action = p_action and step = p_step and status is null and signal is not null
    order by slot
  loop
    select u.id, u.payload, u.cause, u.trace
    into s
    from signals u
    where
      u.action = p_action
      and u.name = o.signal
      and u.step is null
      and (u.for_step is null or attempt_counts(u.action, u.for_step, u.for_attempt))
      and (o.due_at is null or u.sent_at < o.due_at)
      and not exists (
        select 1
        from signals e
        where
          e.action = u.action and e.name = u.name and e.key = u.key and (e.id < u.id or e.step is not null)
        offset 0)
    order by u.id
    limit 1;
    if found then
      has_settled := true;
      update signals set step = p_step, slot = o.slot where action = p_action and name = o.signal and id = s.id;
      update slots
      set
        status = case when s.cause is null then 2 /* Status.succeeded */ else 5 /* Status.failed */ end,
        result = s.payload,
        trace = s.trace,
        cause = case when s.cause is not null then (
          select cause_at(s.cause, l.definition, l.actor_id) from live_actions l where l.id = p_action) end
      where action = p_action and step = p_step and slot = o.slot;
    end if;
  end loop;
  return has_settled;
end $$;
