-- Wakes an execution, whose live row the caller has locked: a suspended one goes on, and that is answered; of one whose
-- body runs it is noted, so that it goes on where it would be suspended (`go_on_woken`). One that is suspended since it
-- has failed, or is to be tried again later, goes on only where that was asked for (`p_is_explicit`), or it is to be
-- interrupted.
-- For other functions only: it inherits their search path and their settings.
create function wake_execution(p_id uuid, p_is_explicit boolean) returns boolean
language plpgsql as $$
declare
  v_is_explicit boolean := p_is_explicit or exists (
    select 1 from signals s where s.action = p_id and s.name = '~interrupt' /* ExecutionName.interrupt */);
begin
  update live_actions
  set phase = 0 /* Phase.step */, failure = null
  where id = p_id and phase = 8 /* Phase.suspended */ and outcome is null and (v_is_explicit or failure is null);
  if found then return true; end if;
  -- Between two tries it goes on now, in place of when it would; what is just being taken goes on anyway. What it was
  -- only sent mends nothing, and waits for the next try.
  if v_is_explicit and exists (
    select 1
    from live_actions l
    where l.id = p_id and l.phase = 0 /* Phase.step */ and l.token is null and l.outcome is null
  ) then
    delete from jobs
    where ctid = any(array(
      select j.ctid
      from jobs j
      where j.action = p_id and j.kind = 1 /* JobKind.continuation */ and j.due_at is not null and j.token is null
      for update skip locked));
    if found then return true; end if;
  end if;
  update live_actions
  set flags = flags | case when v_is_explicit then 2048 /* Flag.resumed */ else 1024 /* Flag.woken */ end
  where id = p_id and phase = 0 /* Phase.step */ and token is not null;
  return false;
end $$;
