-- What becomes of the slots of an ended action's step, those of its last attempt, where that goes on in another action:
-- `stays`: it is settled, and nothing of it was undone; `retried`: its child is, by the same rule; `opens`: a time that
-- was still to come; `asked`: only the body can ask for it again; `ending`: its child has not ended yet, and is to, or
-- is being undone. Where somebody has retried the child by itself, that is not done a second time: it is about the
-- last one that goes on for it, `child` then, which is `retried` in turn, or `joined`, as it has not ended, or `taken`,
-- as it has succeeded. A child that was to go on for another one, and never began, is that one.
-- For other functions only: it inherits their search path and their settings.
create function slots_retried(p_action uuid, p_step int) returns table (slot int, child uuid, becomes text)
language plpgsql stable as $$
#variable_conflict use_column
begin
  return query
    select
      o.slot, coalesce(n.id, w.id),
      case
        when o.status = 2 /* Status.succeeded */ and not (c.is_own and c.is_undone) then 'stays'
        when o.signal is not null then
          case when o.status = 6 /* Status.timed_out */ and o.optional then 'stays' else 'asked' end
        when o.child is null then 'opens'
        when e.id is null and exists (select 1 from abandoned_by a where a.action = p_action) and (
          exists (select 1 from live_actions l where l.id = o.child offset 0)
          or exists (select 1 from jobs j where j.action = o.child and j.kind = 0 /* JobKind.invocation */ offset 0)
        ) then 'ending'
        -- what undoes it is run again just now
        when c.is_own and exists (select 1 from live_actions l where l.id = e.id offset 0) then 'ending'
        when n.id is not null then
          case
            when n.is_open then 'joined'
            when n.status is null then 'asked'
            when exists (select 1 from live_actions l where l.id = n.id offset 0) then 'ending'
            when n.status in (4 /* Status.cancelled */, 5 /* Status.failed */, 6 /* Status.timed_out */) then 'retried'
            when n.status = 2 /* Status.succeeded */ and n.callbacks_failed = 0 and not n.is_undone then 'taken'
            else 'asked' end
        when
          c.is_own
          and (
            e.status in (4 /* Status.cancelled */, 5 /* Status.failed */, 6 /* Status.timed_out */)
            or (e.status = 2 /* Status.succeeded */ and c.is_undone))
          then 'retried'
        -- a failure that is a value has not failed the step
        when o.error is not null then 'stays'
        else 'asked' end
    from steps s
    join slots o on o.action = p_action and o.step = s.idx and o.attempt is not distinct from s.attempt
    left join lateral (
      select e.id, e.status, e.unwound, e.parent, e.parent_step, e.started_at, e.retry_of
      from ended_actions e
      where e.id = o.child
      offset 0
    ) e on true
    -- what never began is no link of the chain
    cross join lateral (
      select case when e.started_at is null and e.retry_of is not null then e.retry_of else o.child end as id
    ) w
    cross join lateral (
      select
        o.carried is true
          or (o.moved is not true and (e.parent, e.parent_step) is not distinct from (p_action, p_step)) as is_own,
        case when e.unwound is not null then has_undone(e.id) else false end as is_undone
    ) c
    left join lateral (
      select
        x.id, a.status, a.callbacks_failed,
        case when a.unwound is not null then has_undone(a.id) else false end as is_undone,
        a.id is null and (
          exists (select 1 from live_actions l where l.id = x.id offset 0)
          or exists (select 1 from jobs j where j.action = x.id and j.kind = 0 /* JobKind.invocation */
          offset 0)) as is_open
      from (
        select latest_retry(w.id) as id
        where
          o.carried is false
          or (
            c.is_own and e.status in (4 /* Status.cancelled */, 5 /* Status.failed */, 6 /* Status.timed_out */)
            -- of most nobody has, and there may be thousands of them
            and (
              exists (select 1 from ended_actions r where r.retry_of = w.id offset 0)
              or exists (select 1 from live_actions l where l.retry_of = w.id offset 0)
              or exists (select 1 from jobs j where j.retry_of = w.id offset 0)))
        offset 0
      ) x
      left join lateral (
        select a.id, a.status, a.callbacks_failed, a.unwound from ended_actions a where a.id = x.id offset 0
      ) a on true
      where x.id <> w.id or o.carried is false
    ) n on true
    where s.action = p_action and s.idx = p_step
    order by o.slot;
end $$;
