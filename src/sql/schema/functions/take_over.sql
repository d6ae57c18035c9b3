-- Actions that go on for ones that have ended begin to perform: they take over the steps before the one that they go on
-- with, with what those have waited for, and what was done once. That one waits again, for what has not succeeded, or
-- its body runs; that, and each further attempt, finds what has, in whichever attempt. Children that are retried are
-- queued, to take over in turn. Those that are still to be undone are this action's from now on. The live rows are the
-- caller's; nobody else knows of the rows that are added.
-- For other functions only: it inherits their search path and their settings.
create function take_over(p_now timestamptz, p_ids uuid[]) returns setof answer
language plpgsql as $$
declare
  l record;
  g record;
begin
  for l in
    select a.id, a.retry_of, a.flags & 16 /* Flag.outbound */ <> 0 as is_outbound, a.depth, r.step as from_step
    from live_actions a
    left join lateral (select r.step from retries r where r.action = a.id offset 0) r on true
    where a.id = any(p_ids) and a.retry_of is not null
    order by a.id
  loop
    select * into g from goes_on_at(l.retry_of, l.from_step, l.is_outbound);
    if g.waits then
      perform hold_joined(l.retry_of, g.step);
      -- what has ended before it was held counts as what it has come to
      select * into g from goes_on_at(l.retry_of, l.from_step, l.is_outbound);
    end if;
    insert into steps (action, idx, kind, name, status, marked, result, started_at, ended_at, attempt, attempts, undo)
    select
      l.id, s.idx, s.kind, s.name, s.status, s.marked, s.result, s.started_at, s.ended_at, s.attempt, s.attempts, s.undo
    from steps s
    where s.action = l.retry_of and s.kind <> 5 /* StepKind.compensation */ and s.idx < g.step;
    -- its children keep what they have come to as long as this action is live
    insert into slots (
      action, step, slot, child, definition, actor_id, due_at, success, status, result, cause, moved, error, attempt,
      request, undo, signal, optional, unstored, carried)
    select
      l.id, o.step, o.slot, coalesce(r.taken, o.child), o.definition, o.actor_id, o.due_at, o.success,
      case when r.taken is null then o.status else 2 /* Status.succeeded */ end,
      case when r.taken is null then o.result end,
      case when r.taken is null then o.cause end,
      case when o.child is not null then true end, o.error,
      case
        when o.step < g.step then o.attempt
        when not g.waits or o.attempt is distinct from s.attempt then 0 end,
      o.request, o.undo, o.signal, o.optional, o.unstored,
      -- what somebody has retried by itself is a root: others may count on it, and nobody undoes it; of what was
      -- joined, or has superseded its own, only what it has come to counts
      case
        when o.child is not null then coalesce(o.carried, case when o.moved is not true then true end)
        when o.signal is not null then true end
    from steps s
    join slots o on o.action = l.retry_of and o.step = s.idx
    left join (
      select r.slot, case when r.becomes = 'taken' then r.child end as taken
      from slots_retried(l.retry_of, g.step) r
      where not g.afresh and r.becomes in ('stays', 'taken')
    ) r on s.idx = g.step and r.slot = o.slot
    where
      s.action = l.retry_of
      and s.kind <> 5 /* StepKind.compensation */
      and (
        s.idx < g.step
        or r.taken is not null
        or (r.slot is not null and g.waits)
        -- of what several attempts have used the one that was asked for first
        or (
          s.idx = g.step and not g.afresh and o.status = 2 /* Status.succeeded */ and o.request is distinct from ''
          and (r.slot is not null or (
            o.attempt is distinct from s.attempt
            and not exists (
              select 1
              from ended_actions e
              where
                e.id = o.child and e.unwound is not null and has_undone(e.id)
                and (o.carried or (o.moved is not true and (e.parent, e.parent_step) = (o.action, o.step)))
              offset 0))))
        -- what has ended well all the same, though the step had given it up, or one of its callbacks has failed, does
        -- not count, and is to be undone
        or (
          s.idx = g.step and not g.afresh and o.status <> 2 /* Status.succeeded */
          and exists (
            select 1
            from ended_actions e
            where
              e.id = o.child and e.status = 2 /* Status.succeeded */ and e.undo is not null and e.unwound is null
              and (o.carried or (o.moved is not true and (e.parent, e.parent_step) = (o.action, o.step)))
            offset 0)));
    insert into memos (action, step, step_kind, step_name, name, attempt, result, cause, ended_at)
    select l.id, m.step, m.step_kind, m.step_name, m.name, m.attempt, m.result, m.cause, m.ended_at
    from memos m
    where
      m.action = l.retry_of
      and m.step_kind <> 5 /* StepKind.compensation */
      and not exists (
        select 1
        from steps u
        where
          u.action = l.retry_of and u.kind = 5 /* StepKind.compensation */
          and (u.name = m.step_name or (u.undoes is null and m.step_kind <> 2 /* StepKind.prepended */))
          and (u.status = 2 /* Status.succeeded */ or u.undo = 8 /* Undo.unwind */) offset 0);
    update live_actions a
    set
      step = g.step,
      step_name = case when g.step > 0 or g.name is not null then g.name else a.step_name end,
      step_kind = case when g.step > 0 or g.name is not null then g.kind else a.step_kind end,
      prepended = case when g.kind = 2 /* StepKind.prepended */ then coalesce(a.prepended, g.name) else a.prepended end,
      given = coalesce(a.given, (
        select e.given from ended_actions e where e.id = l.retry_of and e.started_at is not null))
    where a.id = l.id;
    if g.waits then return query select * from wait_again(p_now, l.id, l.retry_of, g.step, l.depth); end if;
  end loop;
end $$;
