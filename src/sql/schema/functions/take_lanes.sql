-- What a batch can do together. Invocations that are achieved already take neither lane nor row. Of the others the
-- first one of each free lane performs (by rule 2.4), and erases what was achieved under its key (by 2.7); in a lane
-- that is paused it waits (`p_is_pausing`: something is paused). Whoever is neither `started` nor among `achieved` nor
-- waits is left to join its lane by itself (`contended`): it is locked now, or free again (`given_back`).
-- `p_performing` are others, in named lanes, that may be cancelled for who joins there: they are locked behind those of
-- plain lanes.
-- For other functions only: it inherits their search path and their settings.
create function take_lanes(
  p_token bigint, p_now timestamptz, p_definitions text[], p_first_steps text[], p_flags smallint[],
  p_jobs claimed_job[], p_checked boolean, p_is_pausing boolean, p_keys text[], p_performing uuid[],
  out started uuid[], out achieved unstored_answer[], out given_back text[], out erased text[],
  out contended claimed_job[])
language plpgsql as $$
declare
  found_ids uuid[] := array[]::uuid[];
  found_again unstored_answer[];
  late uuid[];
  waiting uuid[] := array[]::uuid[];
begin
  achieved := array[]::unstored_answer[];
  -- in one look: by a second one somebody may have erased it
  if p_checked then
    select
      coalesce(array_agg(i.action), '{}'),
      coalesce(
        array_agg(row(i, 2 /* Status.succeeded */, a.result, null, a.action, a.achieved_at)::unstored_answer),
        '{}')
    into found_ids, achieved
    from unnest(p_jobs) i
    cross join lateral achievement_for(i.checksum_key, i.checksum, i.passes_by) a;
  end if;

  -- every lane of the batch in one pass, in key order: free ones are taken, the others locked
  with f as (
    select distinct on (lane)
      action, definition, actor_id, queue, arguments, lane, checksum_key, checksum, parent, parent_step, depth,
      timeout_ms, enqueued_at, tags, trace, started_by, started_by_step, retry_of, given
    from unnest(p_jobs)
    where action <> all(found_ids)
    -- in the order of the queue; siblings in their own
    order by lane, case when ordered then 0 else priority end, id
  ),
  l as (
    insert into live_actions (
      id, definition, actor_id, queue, arguments, lane, seat, status, checksum_key, checksum, parent, parent_step,
      depth, rooted, flags, attempts, token, step_kind, step_name, prepended, step_started_at, timeout_ms, timeout_at,
      enqueued_at, started_at, tags, trace, started_by, started_by_step, retry_of, given)
    select
      f.action, f.definition, f.actor_id, f.queue, f.arguments, f.lane, 0 /* Seat.performing */,
      1 /* Status.performing */, nullif(f.checksum_key, f.lane),
      f.checksum, f.parent, f.parent_step, f.depth, f.parent is null, s.flags, 0, p_token, s.step_kind, s.step_name,
      s.prepended, p_now, f.timeout_ms, s.timeout_at, f.enqueued_at, p_now, f.tags, f.trace,
      f.started_by, f.started_by_step, f.retry_of, nullif(f.given, f.arguments)
    from f
    cross join lateral start_performing(p_now, f.definition, f.timeout_ms, p_definitions, p_first_steps, p_flags) s
    order by f.lane
    on conflict (lane, seat) do update set token = live_actions.token where false
    returning id
  )
  select coalesce(array_agg(id), '{}') into started from l;

  -- checked again under the lane's lock: the statement above saw an older snapshot
  if p_checked and exists (
    select 1
    from unnest(p_jobs) i
    cross join lateral achievement_for(i.checksum_key, i.checksum, i.passes_by) a
    where (i.action in (select unnest(started))) is true
  ) then
    with x as materialized (
      select
        i, a.result, a.action as achieved_by, a.achieved_at,
        (select l.ctid from live_actions l where l.id = i.action) as place
      from unnest(p_jobs) i
      cross join lateral achievement_for(i.checksum_key, i.checksum, i.passes_by) a
      where (i.action in (select unnest(started))) is true
    ),
    g as (
      delete from live_actions l
      using x
      where l.ctid = x.place
      returning x.i, x.result, x.achieved_by, x.achieved_at
    )
    select
      array_agg((g.i).action),
      array_agg(row(g.i, 2 /* Status.succeeded */, g.result, null, g.achieved_by, g.achieved_at)::unstored_answer),
      array_agg((g.i).lane)
    into late, found_again, given_back
    from g;
    found_ids := found_ids || late;
    achieved := achieved || found_again;
    started := array(select x from unnest(started) x where x <> all(found_ids));
  end if;

  if p_is_pausing then
    waiting := array(
      select i.action
      from unnest(p_jobs) i
      where (i.action in (select unnest(started))) is true and is_paused(i.lane, null, null));
    perform hold_lanes(array(select i from unnest(p_jobs) i where i.action = any(waiting)));
    started := array(select x from unnest(started) x where x <> all(waiting));
  end if;

  if cardinality(p_performing) > 0 then
    perform 1 from live_actions where id = any(p_performing) order by id for update;
  end if;

  -- in one pass, in key order: those of whoever starts, now or, in a lane that was given back, by itself, or in named
  -- lanes after these (`p_keys`)
  erased := array(
    select checksum_key
    from achievements
    where checksum_key = any(array(
      select i.checksum_key from unnest(p_jobs) i where (i.action in (select unnest(started))) is true
      union all
      select i.checksum_key from unnest(p_jobs) i where i.lane = any(given_back)
      union all
      select unnest(p_keys)))
    order by checksum_key
    for update);
  if cardinality(erased) > 0 then
    delete from achievements
    where
      checksum_key = any(array(
        select i.checksum_key from unnest(p_jobs) i where (i.action in (select unnest(started))) is true))
      and checksum_key = any(erased);
  end if;

  -- of those that were looked at together an elder one may have erased what a younger one of its lane has found: that
  -- joins in its turn
  if cardinality(found_ids) > 0 and cardinality(started) + coalesce(cardinality(given_back), 0) > 0 then
    late := array(
      select x.action
      from (
        select
          i.action,
          i.id,
          min(i.id) filter (
            where
              (i.action in (select unnest(started))) is true
              or (i.lane = any(given_back) and (i.action in (select unnest(found_ids))) is not true)
          ) over (partition by i.lane, i.checksum_key) as first
        from unnest(p_jobs) i
      ) x
      where x.id > x.first and (x.action in (select unnest(found_ids))) is true);
    if cardinality(late) > 0 then
      achieved := array(select a from unnest(achieved) a where (a.job).action <> all(late));
    end if;
  end if;

  if cardinality(started) + cardinality(achieved) < cardinality(p_jobs) then
    contended := array(
      select i
      from unnest(p_jobs) i
      where
        i.action <> all(started || waiting) and i.action <> all(array(select (a.job).action from unnest(achieved) a))
      -- in the order of the queue; siblings in their own
      order by case when i.ordered then 0 else i.priority end, i.id);
  end if;
end $$;
