-- Starts plain invocations, which are locked in their places, in their lanes: the first one of each free lane begins
-- to perform, erases what was achieved under its key (rule 2.7), and leaves the queue. The lanes of the others are
-- locked by now, and they stay in their places.
--
-- Where all lanes seem to be free, live rows are simply inserted, in the order of their lanes: waiting for whoever does
-- the same is the one pass over live rows that may wait. If somebody has one of the lanes all the same, or two of the
-- batch are for the same one, none of this has happened, locks included, and each lane is taken or locked, again in
-- their order. Achievements are locked after that, in the order of their keys.
-- For other functions only: it inherits their search path and their settings.
create function start_plain(
  p_token bigint, p_now timestamptz, p_definitions text[], p_first_steps text[], p_flags smallint[], p_places tid[],
  p_lanes text[], p_keys text[])
returns setof answer language plpgsql as $$
declare
  keys text[];
  started uuid[];
begin
  -- to be able to go back takes a transaction id, which a few would not save
  if cardinality(p_places) > 50
    and not exists (select 1 from live_actions l where l.lane = any(p_lanes) and l.seat = 0 /* Seat.performing */) then
    begin
      return query
        with d as (
          delete from jobs j
          where j.ctid = any(p_places)
          returning
            j.priority, j.id, j.action, j.definition, j.actor_id, j.queue, j.arguments, j.lane, j.checksum_key,
            j.parent, j.parent_step, j.depth, j.attempts, j.timeout_ms, j.enqueued_at, j.tags, j.trace
        ),
        l as (
          insert into live_actions (
            id, definition, actor_id, queue, arguments, lane, seat, status, checksum_key, parent, parent_step, depth,
            rooted, flags, token, step_kind, step_name, prepended, step_started_at, timeout_ms, timeout_at,
            enqueued_at, started_at, tags, trace)
          select
            d.action, d.definition, d.actor_id, d.queue, d.arguments, d.lane, 0 /* Seat.performing */,
            1 /* Status.performing */, d.checksum_key, d.parent, d.parent_step, d.depth, d.parent is null, s.flags,
            p_token, s.step_kind, s.step_name, s.prepended, p_now, d.timeout_ms, s.timeout_at, d.enqueued_at, p_now,
            d.tags, d.trace
          from d
          cross join lateral start_performing(
            p_now, d.definition, d.timeout_ms, p_definitions, p_first_steps, p_flags) s
          order by d.lane
          returning 1
        )
        select
          0 /* Kind.start */::smallint, d.action, d.definition, d.actor_id, d.arguments, waited(p_now, d.enqueued_at),
          0 /* Phase.step */::smallint, d.attempts, d.depth,
          start_detail(extract(epoch from p_now) * 1000 + d.timeout_ms, d.trace)
        from d
        -- all are inserted before the first is given: what is given is not taken back
        where (select count(*) from l) > 0
        order by d.priority, d.id;
      perform erase_achievements(p_keys);
      return;
    exception when unique_violation then
      null;
    end;
  end if;

  with f as (
    select distinct on (j.lane)
      j.action, j.definition, j.actor_id, j.queue, j.arguments, j.lane, j.checksum_key, j.parent, j.parent_step,
      j.depth, j.timeout_ms, j.enqueued_at, j.tags, j.trace
    from jobs j
    where j.ctid = any(p_places)
    order by j.lane, j.priority, j.id
  ),
  l as (
    insert into live_actions (
      id, definition, actor_id, queue, arguments, lane, seat, status, checksum_key, parent, parent_step, depth, rooted,
      flags, token, step_kind, step_name, prepended, step_started_at, timeout_ms, timeout_at, enqueued_at, started_at,
      tags, trace)
    select
      f.action, f.definition, f.actor_id, f.queue, f.arguments, f.lane, 0 /* Seat.performing */,
      1 /* Status.performing */, f.checksum_key, f.parent, f.parent_step, f.depth, f.parent is null, s.flags, p_token,
      s.step_kind, s.step_name, s.prepended, p_now, f.timeout_ms, s.timeout_at, f.enqueued_at,
      p_now, f.tags, f.trace
    from f
    cross join lateral start_performing(p_now, f.definition, f.timeout_ms, p_definitions, p_first_steps, p_flags) s
    order by f.lane
    on conflict (lane, seat) do update set token = live_actions.token where false
    returning id, coalesce(checksum_key, lane) as checksum_key
  )
  select array_agg(l.id), array_agg(l.checksum_key) into started, keys from l;
  if started is null then return; end if;
  perform erase_achievements(keys);
  return query
    with d as (
      delete from jobs j
      where
        j.ctid = any(p_places)
        and (cardinality(started) = cardinality(p_places) or (j.action in (select unnest(started))) is true)
      returning
        j.priority, j.id, j.action, j.definition, j.actor_id, j.arguments, j.attempts, j.depth, j.timeout_ms, j.trace,
        j.enqueued_at
    )
    select
      0 /* Kind.start */::smallint, d.action, d.definition, d.actor_id, d.arguments, waited(p_now, d.enqueued_at),
      0 /* Phase.step */::smallint, d.attempts, d.depth,
      start_detail(extract(epoch from p_now) * 1000 + d.timeout_ms, d.trace)
    from d
    order by d.priority, d.id;
end $$;
