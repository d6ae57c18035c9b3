-- Ends invocations that were cancelled before anybody took them: with callbacks for it as live actions that have
-- nothing else to do and no seat, as `fix_outcome` leaves pending ones; without, at once. Neither lanes nor
-- achievements are looked at; the steps that wait for them are locked by the caller. Keys that were not computed are
-- the default ones.
-- For other functions only: it inherits their search path and their settings.
create function end_cancelled(
  p_token bigint, p_now timestamptz, p_definitions text[], p_flags smallint[], p_jobs claimed_job[])
returns setof answer language plpgsql as $$
declare
  hooked uuid[];
  parents uuid[];
  parent_steps int[];
begin
  with j as (
    select
      action, definition, actor_id, queue, checksum, parent, parent_step, depth, timeout_ms, enqueued_at, tags, trace,
      lanes, started_by, started_by_step, retry_of, coalesce(given, arguments) as arguments,
      case when lanes is null then coalesce(lane, named) end as lane,
      coalesce(checksum_key, named) as checksum_key,
      p_flags[array_position(p_definitions, definition)] & 1023 as known,
      cause_at(
        coalesce((
          -- with what whoever cancelled it has said
          select q.failure
          from jobs q
          where q.action = j.action and q.kind = 0 /* JobKind.invocation */ and q.failure ? 'reason'
        ), jsonb_build_object(
          'kind', 'cancelled',
          'message', case
            when parent is null or exists (
              select 1
              from steps s
              where s.action = parent and s.idx = parent_step and s.status = 1 /* Status.performing */
              offset 0
            ) then 'cancelled' /* words.cancelled */
            else 'its parent is over' /* words.parentIsOver */ end)),
        definition,
        actor_id
      ) as cause
    from unnest(p_jobs) j
    cross join lateral (
      select split_part(definition, '/', 1) || '/' || actor_id || '/' || split_part(definition, '/', 2) as named
    ) n
  ),
  l as (
    insert into live_actions (
      id, definition, actor_id, queue, arguments, lane, status, checksum_key, checksum, parent, parent_step, depth,
      rooted, flags, token, phase, outcome, cause, enqueued_at, tags, trace, lanes, started_by, started_by_step,
      retry_of)
    select
      action, definition, actor_id, queue, arguments, lane, 1 /* Status.performing */,
      checksum_key, checksum, parent, parent_step, depth, parent is null, known, p_token, 3 /* Phase.callbacks */,
      4 /* Status.cancelled */, cause, enqueued_at, tags, trace, lanes, started_by, started_by_step, retry_of
    from j
    where known & 4 /* Flag.cancelled */ <> 0
    returning id
  ),
  e as (
    insert into ended_actions (
      id, definition, actor_id, queue, arguments, lane, status, checksum_key, checksum, parent, parent_step, depth,
      attempts, cause, timeout_ms, enqueued_at, ended_at, tags, trace, lanes, started_by, started_by_step, retry_of)
    select
      action, definition, actor_id, queue, arguments, lane, 4 /* Status.cancelled */, checksum_key, checksum, parent,
      parent_step, depth, 0, cause, timeout_ms, enqueued_at, p_now, tags, trace, lanes, started_by, started_by_step,
      retry_of
    from j
    where known & 4 /* Flag.cancelled */ = 0
    returning id
  ),
  u as (
    update slots o
    set status = 4 /* Status.cancelled */
    from e
    cross join lateral (select t.ctid as place from slots t where t.child = e.id and t.status is null offset 0) t
    where o.ctid = t.place and o.status is null
    returning o.action, o.step
  )
  select
    (select array_agg(id) from l),
    (select array_agg(action) from u),
    (select array_agg(step) from u)
  into hooked, parents, parent_steps;

  if hooked is not null then
    return query select * from continued(array(
      select j.action from unnest(p_jobs) j where (j.action in (select unnest(hooked))) is true order by j.id));
  end if;
  return query
    select
      (-3 /* Kind.ended */)::smallint, j.action, j.definition, j.actor_id, null::jsonb, 0,
      4 /* Status.cancelled */::smallint, 0::smallint, 1::smallint, null::json
    from unnest(p_jobs) j
    where (j.action in (select unnest(hooked))) is not true;
  if exists (select 1 from execution_parents) then
    perform wake_waiting_executions(p_now, array(select j.action from unnest(p_jobs) j));
  end if;
  if parents is not null then
    return query select * from resume_parents(p_token, p_now, p_definitions, parents, parent_steps, p_flags);
  end if;
end $$;
