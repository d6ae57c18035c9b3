-- Ends invocations that were cancelled before anybody took them: with callbacks for it as live actions that have nothing else to do,
-- each in a lane of its own, as `decide` leaves pending ones; without, at once. Neither lanes nor achievements are looked at; the steps
-- that wait for them are locked by the caller. Keys that were not computed are the default ones.
-- For other functions only: it inherits their search path and their settings.
create function end_cancelled(p_token bigint, p_now timestamptz, p_defs text[], p_flags smallint[], p_jobs jobs[]) returns setof task language plpgsql as $$
declare hooked uuid[]; parents uuid[]; parent_steps int[];
begin
  with j as (select *, split_part(definition, '/', 1) || '/' || actor_id || '/' || split_part(definition, '/', 2) as named,
      p_flags[array_position(p_defs, definition)] & 255 as known,
      cause_at(
        jsonb_build_object(
          'kind', 'cancelled',
          'message', case
            when parent is null
              or exists (select 1 from steps s where s.action = parent and s.idx = parent_step and s.status = 1 /* Status.performing */)
              then 'cancelled' /* words.cancelled */
            else 'its parent is over' /* words.parentIsOver */
          end),
        definition, actor_id) as why
    from unnest(p_jobs)),
  l as (insert into live_actions (id, definition, actor_id, queue, arguments, lane, status, checksum_key, checksum, parent, parent_step, depth, rooted, flags,
      token, phase, outcome, cause, enqueued_at)
    select action, definition, actor_id, queue, coalesce(given, arguments), coalesce(lane, named) || E'\x01' || action, 1, coalesce(checksum_key, named), checksum, parent, parent_step, depth, parent is null,
      known & 255, p_token, 3, 4, why, enqueued_at from j where known & 4 <> 0 returning id),
  e as (insert into ended_actions (id, definition, actor_id, queue, arguments, lane, status, checksum_key, checksum, parent, parent_step, depth, attempts, cause, timeout_ms, enqueued_at, ended_at)
    select action, definition, actor_id, queue, coalesce(given, arguments), coalesce(lane, named), 4, coalesce(checksum_key, named), checksum, parent, parent_step, depth, 0, why, timeout_ms, enqueued_at, p_now
    from j where known & 4 = 0 returning id),
  u as (update slots o set status = 4 from e where o.child = e.id and o.status is null returning o.action, o.step)
  select (select array_agg(id) from l), (select array_agg(action) from u), (select array_agg(step) from u) into hooked, parents, parent_steps;
  return query select 1::smallint, t.id, t.definition, t.actor_id, case when x.d is not null then t.arguments end, t.step, t.phase, t.attempts, t.depth, x.d
    from (select (j).id as n, (j).action from unnest(p_jobs) j) c join live_actions t on t.id = c.action
    cross join lateral (select detail_of(t.id) as d offset 0) x where t.id = any(hooked) order by c.n;
  return query select -3::smallint, (j).action, null::text, null::text, null::jsonb, 0, 0::smallint, 0::smallint, 0::smallint, null::json from unnest(p_jobs) j
    where ((j).action in (select unnest(hooked))) is not true;
  if parents is not null then
    return query select * from resume(p_token, p_now, p_defs, parents, parent_steps, p_flags);
  end if;
end $$;
