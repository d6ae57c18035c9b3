-- The step with which an action goes on for one that has ended waits again: for children that go on for those that have
-- not succeeded, each of which is queued, for those that somebody has retried by themselves, and for times that were
-- still to come. What has succeeded is there already. What cannot be waited for, or retried, has failed for this one,
-- too: each slot of the step is one of this one's. The caller has `hold_joined`.
-- The step's time begins anew, as the action's does.
-- For other functions only: it inherits their search path and their settings.
create function wait_again(p_now timestamptz, p_action uuid, p_retry_of uuid, p_step int, p_depth smallint)
returns setof answer language plpgsql as $$
declare
  is_queued boolean;
  due timestamptz;
begin
  insert into steps (action, idx, kind, name, status, result, started_at, memos, undo, timeout_at)
  select p_action, s.idx, s.kind, s.name, 1 /* Status.performing */, s.result, p_now, s.memos, s.undo,
    p_now + (s.timeout_at - coalesce(
      to_timestamp((s.attempts #>> '{last,-1,startedAt}')::float8 / 1000), s.started_at))
  from steps s
  where s.action = p_retry_of and s.idx = p_step;
  with r as materialized (
    select
      r.slot, r.child, f.failed_as,
      r.child is not null and (r.becomes = 'joined' or f.failed_as is not null) as is_moved,
      -- for whose end this one waits by itself, or would
      r.child <> o.child or o.carried is not null or o.moved is not true as is_taken,
      case when r.becomes = 'retried' and f.failed_as is null then new_action_id(p_now) end as new_child
    from slots_retried(p_retry_of, p_step) r
    join slots o on o.action = p_retry_of and o.step = p_step and o.slot = r.slot
    -- it has failed since this was asked for, and cannot go on, as it is not undone
    left join lateral (
      select e.status as failed_as
      from (
        select e.id, e.status, e.definition
        from ended_actions e
        where r.becomes = 'retried' and r.child <> o.child and e.id = r.child
        offset 0
      ) e
      cross join lateral goes_on_at(e.id, null, may_be_outbound(e.definition)) g
      where not_undone_from(e.id, g.step) is not null
    ) u on true
    left join lateral (
      select e.status from ended_actions e where r.becomes in ('asked', 'ending') and e.id = r.child offset 0
    ) e on true
    cross join lateral (
      select
        case
          when r.becomes in ('asked', 'ending')
            then coalesce(nullif(e.status, 2 /* Status.succeeded */), 5 /* Status.failed */)
          else u.failed_as end as failed_as
    ) f
    where r.becomes not in ('stays', 'taken')
  ),
  o as (
    insert into slots (
      action, step, slot, child, definition, actor_id, due_at, success, status, moved, carried, error, request)
    select
      p_action, p_step, o.slot, coalesce(r.new_child, r.child), o.definition, o.actor_id, o.due_at, o.success,
      r.failed_as, case when r.is_moved then true end, case when r.is_moved and r.is_taken then false end, o.error,
      -- what has used an earlier attempt's is asked for here: a further attempt uses it again
      case when o.request = '' then asked.request else o.request end
    from r
    join slots o on o.action = p_retry_of and o.step = p_step and o.slot = r.slot
    left join lateral (
      select a.request
      from slots a
      where
        a.action = p_retry_of and a.step = p_step and a.child = o.child and a.request is distinct from ''
        and o.request = ''
      order by a.slot
      limit 1
    ) asked on true
  ),
  f as (
    insert into retries (action, first, compensated)
    select r.new_child, f.first, f.compensated
    from r
    cross join lateral retry_facts(r.child) f
    where r.new_child is not null
  ),
  n as materialized (
    select
      r.slot, r.child, r.new_child, e.queue, e.definition, e.actor_id, e.checksum, e.timeout_ms, e.started_at, e.tags,
      e.trace, k.lane, k.lanes, k.checksum_key,
      -- what never began is prepared anew
      case when e.started_at is not null then e.arguments else coalesce(e.given, e.arguments) end as arguments
    from (select r.slot, r.child, r.new_child from r where r.new_child is not null) r
    cross join lateral (
      select
        e.queue, e.definition, e.actor_id, e.arguments, e.checksum, e.timeout_ms, e.started_at, e.tags, e.trace, e.lane,
        e.lanes, e.checksum_key, e.given
      from ended_actions e
      where e.id = r.child
      offset 0
    ) e
    -- the keys of one that never began may not have been looked at
    left join lateral (select e.lane, e.lanes, e.checksum_key) k on e.started_at is not null
  ),
  j as (
    insert into jobs (
      queue, priority, kind, action, definition, actor_id, arguments, lane, lanes, checksum_key, checksum, timeout_ms,
      parent, parent_step, depth, ordered, prepared, enqueued_at, tags, trace, retry_of)
    select
      coalesce(n.queue, 'default'), 0 /* Priority.inOrder */, 0 /* JobKind.invocation */, n.new_child, n.definition,
      n.actor_id, n.arguments, n.lane, n.lanes, n.checksum_key, n.checksum, n.timeout_ms, p_action, p_step, p_depth + 1,
      -- siblings whose lane is the same, or not known yet
      case
        when count(*) over () > 1 and (
          bool_or(coalesce(n.lane, n.lanes[1]) is null) over ()
          or (n.lane is not null and count(*) over (partition by n.lane) > 1)
          or (n.lanes is not null and exists (select 1 from n o where o.slot <> n.slot and o.lanes && n.lanes offset 0))
        ) then true end,
      n.started_at is not null, p_now, n.tags, n.trace, n.child
    from n
    order by n.slot
    returning 1
  )
  select count(*) > 0 into is_queued from j;
  update live_actions
  set
    phase = 1 /* Phase.waiting */,
    token = null,
    step_started_at = p_now,
    step_timeout_at = (select s.timeout_at from steps s where s.action = p_action and s.idx = p_step)
  where id = p_action
  returning least(timeout_at, step_timeout_at) into due;
  -- all of it is there already
  if not exists (
    select 1 from slots o where o.action = p_action and o.step = p_step and o.status is null
  ) then
    perform continue_by_job(p_now, array[p_action]);
    is_queued := true;
  end if;
  if is_queued then return next news(-8 /* Kind.queued */); end if;
  due := least(due, (
    select min(o.due_at) from slots o where o.action = p_action and o.step = p_step and o.status is null));
  if due is not null then return next news_due(due); end if;
end $$;
