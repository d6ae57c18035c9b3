-- Of the invocations that join their named lanes, which the caller has locked, those that can do so together: each is
-- in one lane alone, a line without a rate or an end, and is nobody's child; and so are all that join its lane beside
-- it. None of them all asks for what may be there already, which those that start would erase. The first of them take
-- the seats that are free, if nobody waits for these (`started`, whose rows are the caller's to promote), and the
-- others wait. `rest` join one after another.
-- For other functions only: it inherits their search path. Arrays are joined by hashing, whatever the caller's plans.
create function join_lines(
  p_definitions text[], p_flags smallint[], p_jobs claimed_job[], out started uuid[], out rest claimed_job[])
language plpgsql set enable_hashjoin = on set enable_bitmapscan = off set enable_seqscan = off as $$
begin
  started := '{}';
  rest := array(
    select x from unnest(p_jobs) x order by case when x.ordered then 0 else x.priority end, x.id);
  if cardinality(rest) < 2
    or exists (select 1 from unnest(rest) x where x.checksum is not null)
    or exists (select 1 from pauses) then
    return;
  end if;
  with j as materialized (
    select
      x.job, (x.job).lanes, x.n, cardinality((x.job).lanes) = 1 and (x.job).parent is null as is_simple
    from (select rest[g.n] as job, g.n from generate_subscripts(rest, 1) g(n) offset 0) x
  ),
  touched as (
    select l.lane, count(*) as count
    from j
    cross join lateral unnest(j.lanes) l(lane)
    group by l.lane
    having bool_and(j.is_simple)
  ),
  room as materialized (
    select
      t.lane,
      l."limit",
      coalesce(n.settings ->> 'waiters', '') = 'fail' as tells,
      case when not l.waits and l.performing < l."limit" then array(
        select g.seat
        from generate_series(0, l.performing + t.count::int - 1) g(seat)
        where not exists (select 1 from seats z where z.lane = t.lane and z.seat = g.seat offset 0)
        order by g.seat
        limit least(t.count, l."limit" - l.performing)
      ) end as free
    from touched t
    cross join lateral (select n.settings from named_lanes n where n.lane = t.lane offset 0) n
    cross join lateral (
      select
        (n.settings ->> 'limit')::int as "limit",
        (select count(*)::int from seats p where p.lane = t.lane and p.seat is not null) as performing,
        exists (select 1 from seats w where w.lane = t.lane and w.seat is null offset 0) as waits
      offset 0
    ) l
    where
      n.settings ->> 'whenBusy' = 'line'
      and not n.settings ?| array['rate', 'maxPending']
      -- who waits beside a seat that is free waits for another lane, too
      and (not l.waits or l.performing >= l."limit")
  ),
  e as materialized (
    select
      j.job, j.n, r.lane, r."limit", r.tells,
      r.free[(row_number() over (partition by r.lane order by j.n))::int] as seat
    from j
    join room r on r.lane = j.lanes[1]
    where j.is_simple
  ),
  l as (
    insert into live_actions (
      id, definition, actor_id, queue, arguments, lanes, status, checksum_key, depth, rooted, flags, timeout_ms,
      enqueued_at, tags, trace, delayed_until, queued_as, started_by, started_by_step, retry_of, given)
    select
      (e.job).action, (e.job).definition, (e.job).actor_id, (e.job).queue, (e.job).arguments, (e.job).lanes,
      0 /* Status.pending */, (e.job).checksum_key, (e.job).depth, true,
      p_flags[array_position(p_definitions, (e.job).definition)] & 1023, (e.job).timeout_ms, (e.job).enqueued_at,
      (e.job).tags, (e.job).trace, (e.job).delayed_until, (e.job).id, (e.job).started_by, (e.job).started_by_step,
      (e.job).retry_of, nullif((e.job).given, (e.job).arguments)
    from e
  ),
  s as (
    insert into seats (action, lane, seat, "limit", priority, place, several, tells)
    select
      (x.job).action, x.lane, x.seat, x."limit",
      line_priority((x.job).priority),
      nextval('places'), false, x.tells
    from (select e.job, e.lane, e.seat, e."limit", e.tells from e order by e.n offset 0) x
  )
  select
    coalesce(array_agg((j.job).action order by j.n) filter (where e.seat is not null), '{}'),
    array_agg(j.job order by j.n) filter (where e.n is null)
  into started, rest
  from j
  left join e on e.n = j.n;
end $$;
