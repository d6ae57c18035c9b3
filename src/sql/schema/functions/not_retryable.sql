-- Why an action that has ended cannot be retried from this step on, together with what is retried below it: something
-- of it is not undone, a child has not ended yet, or what is taken over is forgotten, or is not there any more. Nothing
-- if it can be; what is taken over is locked then.
-- For other functions only: it inherits their search path and their settings.
create function not_retryable(p_action uuid, p_from int, out action uuid, out step text, out reason text)
language plpgsql as $$
#variable_conflict use_column
declare
  -- actions that are looked at, and where they go on
  ids uuid[] := array[p_action];
  at int := 0;
  children uuid[];
  reads uuid[];
  kept uuid[];
  locked uuid[];
  g record;
begin
  loop
    at := at + 1;
    if at > cardinality(ids) then return; end if;
    if at > 10000 then
      action := p_action;
      reason := 'tooLarge';
      return;
    end if;
    action := ids[at];
    -- what is sent to it goes to the one that its id names
    if exists (
      select 1 from action_keys k where k.action = ids[at] and k.kind = 5 /* KeyKind.execution */ offset 0
    ) then
      reason := 'execution';
      return;
    end if;
    if has_forgotten(ids[at]) then
      reason := 'forgotten';
      return;
    end if;
    -- of an outbound one that has run all its steps the last one begins again
    select x.step, x.name, x.kind, x.afresh, x.waits
    into g
    from (select e.definition from ended_actions e where e.id = ids[at]) e
    cross join lateral goes_on_at(ids[at], case when at = 1 then p_from end, may_be_outbound(e.definition)) x;
    step := not_undone_from(ids[at], g.step);
    if step is not null then
      reason := 'notUndone';
      return;
    end if;
    -- what it has given up may still end well, and is to be undone then
    select o.child, s.name
    into action, step
    from steps s
    cross join lateral (
      select o.child from slots o where o.action = s.action and o.step = s.idx and o.child is not null offset 0
    ) o
    where
      s.action = ids[at] and s.kind <> 5 /* StepKind.compensation */
      and (
        exists (
          select 1
          from live_actions l
          where l.id = o.child and (l.parent, l.parent_step) = (s.action, s.idx) and l.unwinds is null offset 0)
        or exists (
          select 1
          from jobs j
          where
            j.action = o.child and j.kind = 0 /* JobKind.invocation */
            and (j.parent, j.parent_step) = (s.action, s.idx) offset 0))
      and not is_wanted(o.child, s.action)
    limit 1;
    if found then
      reason := 'ending';
      return;
    end if;
    action := ids[at];
    if not g.afresh and g.name is not null then
      select r.child, g.name
      into action, step
      from (
        select r.child, r.becomes, bool_or(r.becomes = 'asked') over () as is_asked
        from slots_retried(ids[at], g.step) r
      ) r
      where
        r.becomes = 'ending'
        -- it is waited for, unless the body is to ask again, or it ends without success
        or (r.becomes = 'joined' and (not g.waits or r.is_asked or exists (
          select 1 from live_actions l where l.id = r.child and l.outcome <> 2 /* Status.succeeded */ offset 0)))
      limit 1;
      if found then
        reason := 'ending';
        return;
      end if;
    end if;
    action := ids[at];
    children := case
      when g.waits
        then array(select r.child from slots_retried(ids[at], g.step) r where r.becomes = 'retried')
      else '{}' end;
    ids := ids || children;
    -- what is read of children, and these, stay until they are taken over: whoever deletes passes by what is locked,
    -- and sees the job after that
    reads := array(
      select o.child
      from steps s
      join slots o on o.action = ids[at] and o.step = s.idx
        and (o.attempt is not distinct from s.attempt or (s.idx = g.step and o.status = 2 /* Status.succeeded */))
      where
        s.action = ids[at] and s.kind <> 5 /* StepKind.compensation */
        and (s.idx < g.step or (s.idx = g.step and not g.afresh))
        and o.child is not null
        and case
          when o.status = 2 /* Status.succeeded */ then o.success is not null and o.result is null
          else o.error is not null and o.cause is null end);
    reads := reads || case
      when g.afresh or g.name is null then '{}'
      else array(select r.child from slots_retried(ids[at], g.step) r where r.becomes = 'taken') end;
    -- nobody forgets what is taken over: whoever does so passes by what is locked, and sees the job after that
    kept := array(
      select c.id
      from slots o
      cross join lateral (select c.id from ended_actions c where c.id = o.child offset 0) c
      where o.action = ids[at]);
    locked := array(
      select c.id from ended_actions c where c.id = any(children || reads || kept) for key share skip locked);
    select coalesce(s.name, g.name)
    into step
    from unnest(children || reads || kept) c
    left join slots o on o.action = ids[at] and o.child = c
    left join steps s on s.action = ids[at] and s.idx = o.step
    where (c in (select unnest(locked))) is not true
    limit 1;
    if found then
      reason := 'deleted';
      return;
    end if;
    -- what is to be undone with the new action, with all that is below it, is there and stays, too
    step := lost_with(ids[at], case when g.afresh then g.step - 1 else g.step end);
    reason := case when step is not null then 'deleted' end;
    if reason is not null then return; end if;
    -- what was being forgotten before they were locked
    if has_forgotten(ids[at]) then
      reason := 'forgotten';
      return;
    end if;
    action := null;
    step := null;
  end loop;
end $$;
