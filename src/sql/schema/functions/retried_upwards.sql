-- The uppermost of the actions that have failed because of this one, which has ended, as its parents: each of them by
-- the step that has waited for the one below it, and by nothing else. Or why it cannot be retried with them: something
-- else has failed, too, or one of them has not ended, or is not there any more. The rows of the history are locked.
-- For other functions only: it inherits their search path and their settings.
create function retried_upwards(p_action uuid, out top uuid, out action uuid, out step text, out reason text)
language plpgsql as $$
#variable_conflict use_column
declare
  p record;
  o record;
  s record;
  v_parent uuid;
  v_step int;
begin
  top := p_action;
  loop
    select a.parent, a.parent_step into v_parent, v_step from ended_actions a where a.id = top;
    if v_parent is null then return; end if;
    action := v_parent;
    select a.id, a.status into p from ended_actions a where a.id = v_parent;
    if not found then
      reason := case
        when exists (select 1 from live_actions l where l.id = v_parent) then 'live' else 'deleted' end;
      return;
    end if;
    select x.idx, x.name, x.status, x.marked
    into s
    from steps x
    where x.action = v_parent and x.kind <> 5 /* StepKind.compensation */
    order by x.idx desc
    limit 1;
    select x.status, x.error
    into o
    from slots x
    where x.action = v_parent and x.step = v_step and x.child = top
    order by x.slot desc
    limit 1;
    -- its failure was a value, or was passed, or came too late to matter
    if o.status is null or o.status = 2 /* Status.succeeded */ or o.error is not null or s.idx is distinct from v_step
      or p.status in (2 /* Status.succeeded */, 3 /* Status.superseded */)
      or (o.status = 4 /* Status.cancelled */ and p.status <> 5 /* Status.failed */)
    then
      action := null;
      return;
    end if;
    -- of one that is being undone nobody locks the row: who ends that waits for it, and holds lanes
    if not exists (select 1 from live_actions l where l.id = v_parent) then
      perform 1 from ended_actions a where a.id = v_parent for no key update;
      reason := case when not found then 'deleted' end;
    end if;
    -- who has come before, and was waited for, may have begun to undo it
    if exists (select 1 from live_actions l where l.id = v_parent) then reason := 'live'; end if;
    if reason is not null then return; end if;
    step := s.name;
    if p.status <> 5 /* Status.failed */ or s.status <> 5 /* Status.failed */ or s.marked then
      reason := 'otherFailed';
      return;
    end if;
    select coalesce(x.child, v_parent)
    into action
    from slots x
    join steps y on y.action = v_parent and y.idx = x.step and y.attempt is not distinct from x.attempt
    where
      x.action = v_parent and x.step = v_step and x.child is distinct from top and x.error is null
      and x.status <> 2 /* Status.succeeded */
      and not (x.signal is not null and x.status = 6 /* Status.timed_out */ and coalesce(x.optional, false))
      -- nor what somebody has retried by itself since then, unless that has failed, too
      and not exists (
        select 1
        from slots_retried(v_parent, v_step) r
        where r.slot = x.slot and r.becomes in ('joined', 'taken'))
    limit 1;
    if found then
      reason := 'otherFailed';
      return;
    end if;
    top := v_parent;
    action := null;
    step := null;
  end loop;
end $$;
