-- Closes the waiting steps of actions that are to unwind. What a step waits for is over: a time, and a child that
-- somebody else waits for, too; then it has not succeeded, whatever the others come to. The other children are to end,
-- and it waits until they have: what one of them has come to by then is to be known. Gives whether there are some. The
-- steps are locked by the caller.
-- For other functions only: it inherits their search path and their settings.
create function close_steps(p_ids uuid[]) returns boolean
language plpgsql as $$
begin
  with o as (
    update slots
    set status = 4 /* Status.cancelled */
    where action = any(p_ids) and status is null and (child is null or is_wanted(child, action))
    returning action, step
  )
  update steps s
  set status = 4 /* Status.cancelled */
  where
    s.action = any(p_ids)
    and (
      (s.action, s.idx) in (select o.action, o.step from o)
      -- cut short before: its own time was over, or somebody has decided of it, and nobody has concluded it since
      or (s.action, s.idx) in (
        select l.id, l.step
        from live_actions l
        where l.id = any(p_ids) and l.phase = 1 /* Phase.waiting */ and l.verdict is not null)
    )
    and s.status = 1 /* Status.performing */;
  with o as (
    update slots set closing = true where action = any(p_ids) and status is null returning action
  )
  insert into abandoned_by (action) select distinct action from o;
  return found;
end $$;
