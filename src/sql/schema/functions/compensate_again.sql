-- What undoes an action that has ended is run again, where it has failed for good (rule 18.2): a live row with its id
-- (`take_unwindings`) comes next in its lanes, and undoes what is not undone by then. `became`: `done`, with the names
-- of these steps; `notCompensable`, with the reason, the action that is meant, and the step; `none`.
--
-- The row of the history is locked first, and waited for, as by `retry_action`: of two who ask, and of a retry and
-- this, the later one sees what the first has done; so it is of a retry of what is above it, by the advisory lock that
-- `retry_action` has. Whoever deletes skips what is locked, and looks for live rows once it has a lock. Nobody who
-- waits for that row, as that of one that is live is not locked, or for that lock, holds a lane, and nobody waits for
-- an action that has ended: so it waits for nobody in a circle. A crash before the commit leaves nothing, one after it
-- a live row and its job, or its place in a lane; what that comes to is stored with its end (`move_to_history`).
-- For other functions only: it inherits their search path and their settings.
create function compensate_again(
  p_now timestamptz, p_action uuid, out became text, out action uuid, out step text, out reason text, out steps text[])
language plpgsql as $$
#variable_conflict use_column
declare
  left_over jsonb;
  children uuid[];
  locked uuid[];
  gone uuid[];
  taken record;
begin
  perform require_read_committed();
  became := 'notCompensable';
  action := p_action;
  loop
    -- of one that is being undone nobody locks the row: who ends that waits for it, and holds lanes
    if exists (select 1 from live_actions l where l.id = p_action and l.unwinds is not null) then
      reason := 'live';
      return;
    end if;
    select case
      -- its parent was to unwind it, and it would have waited for itself
      when e.undo & 2 /* Undoable.shared */ = 0 and was_deadlocked(e.id, e.unwound)
        then jsonb_build_array(jsonb_build_object('step', split_part(e.definition, '/', 2)))
      else coalesce(coalesce(e.unwound, e.cause) -> 'notUndone', '[]') end
    into left_over
    from ended_actions e
    where e.id = p_action
    for no key update;
    exit when left_over is not null;
    -- in one look: it may end just now
    reason := (
      select case
        when exists (select 1 from live_actions l where l.id = p_action)
          or exists (select 1 from jobs j where j.action = p_action and j.kind = 0 /* JobKind.invocation */)
          then 'live'
        when exists (select 1 from outcomes o where o.id = p_action) then 'nothing'
        when exists (select 1 from ended_actions e where e.id = p_action) then 'ended' end);
    exit when reason is distinct from 'ended';
  end loop;
  if left_over is null then
    if reason is null then became := 'none'; end if;
    return;
  end if;
  reason := null;
  if exists (select 1 from live_actions l where l.id = p_action) then
    reason := 'live';
    return;
  end if;
  perform pg_advisory_xact_lock(hashtextextended(
    'stepped retry ' || quote_ident(current_schema()) || retry_origin(p_action)::text, 0));
  -- in this order: what is to begin may begin, and retry it, in between
  action := retried_above(p_action);
  action := coalesce(gone_on_for(p_action), action);
  if action is not null then
    reason := 'retried';
    return;
  end if;
  action := p_action;
  if has_forgotten(p_action) then
    reason := 'forgotten';
    return;
  end if;
  steps := array(
    select x.e ->> 'step'
    from jsonb_array_elements(left_over) with ordinality x(e, n)
    where not x.e ? 'child'
    order by x.n);
  if cardinality(steps) = 0 then
    select n.holder, n.step, 'child' into action, step, reason from not_undone(p_action) n limit 1;
    if not found then
      action := p_action;
      reason := 'nothing';
    end if;
    return;
  end if;
  -- what children have done that nobody has unwound yet, as that was given up, is known from their rows alone
  children := array(
    select o.child
    from steps s
    cross join lateral (
      select o.child, o.status, o.unstored
      from slots o
      where o.action = s.action and o.step = s.idx and o.child is not null
      offset 0
    ) o
    where
      s.action = p_action and s.kind <> 5 /* StepKind.compensation */ and s.undo & 8 /* Undo.unwind */ <> 0
      and s.idx > coalesce((
        select max(p.idx)
        from steps p
        where p.action = p_action and p.status = 2 /* Status.succeeded */ and p.undo & 4 /* Undo.pointOfNoReturn */ <> 0
      ), -1)
      and not exists (
        select 1
        from steps u
        where
          u.action = p_action and u.undoes = s.idx and u.undo = 8 /* Undo.unwind */
          and (
            u.status = 2 /* Status.succeeded */
            or jsonb_path_exists(
              left_over, '$[*] ? (exists (@.child) && @.index == $at)', jsonb_build_object('at', s.idx))) offset 0)
      and o.status in (2 /* Status.succeeded */, 4 /* Status.cancelled */) and o.unstored is not true
      and not exists (select 1 from live_actions l where l.id = o.child offset 0)
      and not exists (select 1 from jobs j where j.action = o.child and j.kind = 0 /* JobKind.invocation */ offset 0));
  gone := gone_to_unwind(children);
  -- and nobody forgets meanwhile what any of the others has come to
  children := array(
    select e.id
    from slots o
    cross join lateral (select e.id from ended_actions e where e.id = o.child offset 0) e
    where o.action = p_action);
  locked := array(select e.id from ended_actions e where e.id = any(children) for key share skip locked);
  gone := gone || array(select c from unnest(children) c where (c in (select unnest(locked))) is not true);
  select s.name
  into step
  from unnest(gone) c
  cross join lateral (select o.step from slots o where o.action = p_action and o.child = c offset 0) o
  cross join lateral (select s.name from steps s where s.action = p_action and s.idx = o.step offset 0) s
  limit 1;
  if found then
    reason := 'deleted';
    return;
  end if;
  step := null;
  if has_forgotten(p_action) then
    reason := 'forgotten';
    return;
  end if;
  select t.started, t.due, t.entered into taken from take_unwindings(p_now, array[p_action]) t;
  perform promote_next_in_named_lanes(null, p_now, null, null, null, taken.started, taken.due);
  perform forget_empty_lanes(p_now, taken.entered);
  became := 'done';
end $$;
