-- Ends live actions whose rows and lanes the caller has locked: history, achievement, promotion, slots, parents.
-- `p_freed` are the lanes that they perform in; `p_step_names` and `p_step_kinds` say what the only steps are that have
-- no row; `p_abrupt` are those that do not end by themselves; `p_places` where their rows are, if that is known.
-- For other functions only: it inherits their search path and their settings.
create function end_actions(
  p_token bigint, p_now timestamptz, p_definitions text[], p_first_steps text[], p_flags smallint[], p_freed text[],
  p_ids uuid[], p_outcomes smallint[], p_results jsonb[], p_causes jsonb[], p_callbacks_succeeded smallint[],
  p_callbacks_failed smallint[], p_step_names text[], p_abrupt uuid[], p_places tid[] default null,
  p_step_kinds smallint[] default null)
returns setof answer language plpgsql as $$
declare
  next_up uuid[];
  erased text[];
  parents uuid[];
  parent_steps int[];
  abandoned uuid[];
  queued uuid[];
begin
  if p_abrupt is not null then
    queued := array(select id from live_actions where id = any(p_abrupt) and token is null);
    -- one that a claim has just taken is that claim's to drop: it may be waiting for these lanes
    if cardinality(queued) > 0 then
      delete from jobs
      where ctid = any(array(
        select ctid
        from jobs
        where action = any(queued) and kind = 1 /* JobKind.continuation */
        for update skip locked));
    end if;
    perform cancel_running(p_abrupt, p_now);
  end if;

  -- one that ends itself with the one before it is nobody's next
  next_up := array(
    select id
    from live_actions
    where lane = any(p_freed) and seat = -1 /* Seat.pending */ and (id in (select unnest(p_ids))) is not true);
  if cardinality(next_up) > 0 then
    erased := array(
      select checksum_key
      from achievements
      where checksum_key = any(array(select checksum_key from live_actions where id = any(next_up))));
  end if;
  if p_places is null then
    p_places := array(
      select (select l.ctid from live_actions l where l.id = x.id)
      from unnest(p_ids) with ordinality x(id, n)
      order by n);
  end if;

  with x as (
    select place, outcome, result, cause, succeeded, failed, step_name, step_kind
    from unnest(
      p_places, p_outcomes, p_results, p_causes, p_callbacks_succeeded, p_callbacks_failed, p_step_names, p_step_kinds
    ) as x(place, outcome, result, cause, succeeded, failed, step_name, step_kind)
  ),
  gone as (
    delete from live_actions l
    using x
    where l.ctid = x.place
    returning
      l.id, l.definition, l.actor_id, l.queue, l.arguments, l.lane, l.checksum_key, l.checksum, l.parent, l.parent_step,
      l.depth, l.attempts, l.timeout_ms, l.enqueued_at, l.started_at, l.tags,
      -- what was decided before its callbacks ran counts
      coalesce(l.outcome, x.outcome) as status,
      case when l.outcome is null then x.result else l.result end as result,
      case when l.outcome is null then x.cause else l.cause end as cause,
      x.step_name,
      case when x.step_name is not null then x.step_kind end as step_kind,
      coalesce(x.succeeded, 0::smallint) as succeeded,
      coalesce(x.failed, 0::smallint) as failed
  ),
  ended as (
    insert into ended_actions (
      id, definition, actor_id, queue, arguments, lane, status, checksum_key, checksum, parent, parent_step, depth,
      attempts, result, cause, step_name, step_kind, callbacks_succeeded, callbacks_failed, timeout_ms, enqueued_at,
      started_at, ended_at, tags)
    select
      id, definition, actor_id, queue, arguments, lane, status, checksum_key, checksum, parent,
      parent_step, depth, attempts, result, cause, step_name, step_kind, succeeded, failed, timeout_ms, enqueued_at,
      started_at, p_now, tags
    from gone
    returning id, status, checksum_key, checksum, result, callbacks_failed
  )
  insert into achievements (checksum_key, checksum, result, action, achieved_at)
  select distinct on (checksum_key) checksum_key, checksum, result, id, p_now
  from (
    select checksum_key, checksum, result, id
    from ended
    where checksum is not null and status = 2 /* Status.succeeded */ and callbacks_failed = 0
    -- what is erased below has its place in the one pass over all keys in their order
    union all
    select k, '', null, '00000000-0000-0000-0000-000000000000' from unnest(erased) k
  ) k
  order by checksum_key, id desc
  on conflict (checksum_key) do update
  set
    checksum = excluded.checksum,
    result = excluded.result,
    action = excluded.action,
    achieved_at = excluded.achieved_at;

  if cardinality(next_up) > 0 then
    -- of what was found, or has just been granted: what comes meanwhile comes afterwards
    delete from achievements
    where
      checksum_key = any(array(select checksum_key from live_actions where id = any(next_up)))
      and (checksum_key = any(erased) or action = any(p_ids));
    return query select * from promote(p_token, p_now, p_definitions, p_first_steps, p_flags, next_up);
  end if;

  if p_abrupt is not null or exists (select 1 from slots where child = any(p_ids) and status is null) then
    perform lock_waiting_steps(p_ids, coalesce(p_abrupt, '{}'));
  end if;
  if p_abrupt is not null then
    update steps
    set status = 4 /* Status.cancelled */, ended_at = p_now
    where action = any(p_abrupt) and status = 1 /* Status.performing */;
    with o as (
      update slots
      set status = 4 /* Status.cancelled */
      where action = any(p_abrupt) and status is null
      returning action, child
    )
    select array_agg(distinct action) into abandoned from o where child is not null;
    if abandoned is not null then
      insert into abandoned_by (action) select unnest(abandoned) on conflict do nothing;
      return next news(-4 /* Kind.abandoned */);
    end if;
  end if;

  with u as (
    update slots o
    -- a success whose callbacks have failed is a failure for its parent
    set status = case
      when e.status = 2 /* Status.succeeded */ and e.callbacks_failed > 0 then 5 /* Status.failed */
      else e.status end
    from ended_actions e
    where o.child = any(p_ids) and o.status is null and e.id = o.child
    returning o.action, o.step
  )
  select array_agg(action), array_agg(step) into parents, parent_steps from u;
  if parents is not null then
    return query select * from resume(p_token, p_now, p_definitions, parents, parent_steps, p_flags);
  end if;
end $$;
