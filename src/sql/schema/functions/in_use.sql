-- Why what has ended is still needed, and cannot be forgotten yet: it is being undone (`unwinding`); one above it is
-- live, and may read its result, begin again or undo it (`parent`), or an action that is has joined it, or has it from
-- the action that it goes on for; or another action is to go on for it, or for one above it (`retry`).
-- For other functions only: it inherits their search path and their settings.
create function in_use(p_action uuid) returns text
language plpgsql stable as $$
declare
  v_action uuid := p_action;
  retries boolean := are_retried();
begin
  while v_action is not null loop
    if exists (select 1 from live_actions l where l.id = v_action) then
      return case when v_action = p_action then 'unwinding' else 'parent' end;
    end if;
    if retries
      and (
        exists (select 1 from jobs j where j.retry_of = v_action)
        or exists (select 1 from live_actions l where l.retry_of = v_action and l.started_at is null)) then
      return 'retry';
    end if;
    v_action := (select e.parent from ended_actions e where e.id = v_action);
  end loop;
  if exists (
    select 1
    from slots o
    where o.child = p_action and o.moved and o.action <> p_action and in_use(o.action) is not null
  ) then
    return 'parent';
  end if;
  return null;
end $$;
