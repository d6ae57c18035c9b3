-- What undoes steps by unwinding their children waits for these in slots, in which the one that performed last stands
-- first. One that was given up, and has not ended yet, is waited for as well: it may still end well. Who can be left
-- alone at once is: what was joined, or reused. Nothing of what has nothing to undo is looked at.
-- For other functions only: it inherits their search path and their settings.
create function unwind_children(
  p_token bigint, p_now timestamptz, p_definitions text[], p_flags smallint[], p_good int[],
  conclusion_action uuid[], conclusion_step int[], conclusion_step_kind smallint[], conclusion_step_status smallint[],
  conclusion_step_undo smallint[], conclusion_step_undoes int[])
returns setof answer language plpgsql as $$
declare
  parents uuid[];
  parent_steps int[];
  undone int[];
begin
  select array_agg(c.action), array_agg(c.step), array_agg(c.undoes)
  into parents, parent_steps, undone
  from unnest(
    conclusion_action, conclusion_step, conclusion_step_kind, conclusion_step_status, conclusion_step_undo,
    conclusion_step_undoes) with ordinality as c(action, step, kind, status, undo, undoes, n)
  where
    c.kind = 5 /* StepKind.compensation */ and c.status = 1 /* Status.performing */ and c.undo = 8 /* Undo.unwind */
    and (p_good is null or c.n = any(p_good));
  if parents is null then return; end if;

  with c as (
    select distinct on (x.action, o.child)
      x.action, x.step, o.child, o.definition, o.actor_id, e.started_at, e.id is null and o.undo is null as is_to_end,
      o.undo is not null
        or (
          o.carried is not true and e.id is not null
          and (e.parent, e.parent_step) is distinct from (x.action, x.undoes)) as is_kept
    from unnest(parents, parent_steps, undone) x(action, step, undoes)
    cross join lateral (
      select o.slot, o.child, o.definition, o.actor_id, o.undo, o.carried, o.status
      from slots o
      where o.action = x.action and o.step = x.undoes and o.child is not null
      offset 0
    ) o
    left join lateral (
      select e.id, e.parent, e.parent_step, e.started_at, e.undo from ended_actions e where e.id = o.child offset 0
    ) e on true
    where
      o.undo is not null
      or e.undo is not null
      or (o.status = 4 /* Status.cancelled */ and e.id is null and (
        exists (
          select 1
          from live_actions l
          where
            l.id = o.child and l.parent = x.action and l.parent_step = x.undoes
            and l.flags & 64 /* Flag.compensates */ <> 0 offset 0)
        or exists (
          select 1
          from jobs j
          where
            j.action = o.child and j.kind = 0 /* JobKind.invocation */ and j.parent = x.action
            and j.parent_step = x.undoes offset 0)))
    order by x.action, o.child, o.slot
  ),
  s as (
    insert into slots (action, step, slot, child, definition, actor_id, status, closing, undo)
    select
      c.action, c.step, row_number() over (partition by c.action order by c.started_at desc, c.child desc) - 1, c.child,
      c.definition, c.actor_id, case when c.is_kept then 2 /* Status.succeeded */ end,
      case when c.is_to_end then true end, case when c.is_kept then 3 /* UndoSlot.kept */ else 1 end
    from c
    returning action, status
  )
  insert into abandoned_by (action) select distinct s.action from s where s.status is null;
  if found then return next news(-4 /* Kind.abandoned */); end if;
  return query select * from resume_parents(p_token, p_now, p_definitions, parents, parent_steps, p_flags);
end $$;
