-- Siblings whose lane is the same, or not known yet, join it in the order of their ids, whatever their queues and
-- definitions. One that has an elder on its way becomes that one's to wake: under no token, and not asked for again.
-- Whom it waits for is kept from going by a share lock until this is committed: whoever takes that one (always with
-- SKIP LOCKED, or, to be joined, as one that is tried again) has not looked yet whom to wake, or has it locked; then
-- this one is put back as due. One that is delayed is not on its way. Those that wait themselves are not waited for,
-- but whom they wait for, be it in another of their lanes: whoever wakes them finds them unlocked, but for what
-- somebody is cancelling, which `recover` wakes if that is undone.
--
-- `p_jobs` are to join now, `p_others` leave the queue as well; `jobs_left` may join, the others stay in it. `p_unseen`
-- have found what is to be looked at first: they stay in the queue until that is done, and join only then, so that the
-- younger ones wait for them.
-- For other functions only: it inherits their search path and their settings.
create function in_turn(
  p_jobs claimed_job[], p_others claimed_job[], p_unseen uuid[], out jobs_left claimed_job[], out put_back int,
  out moved boolean)
language plpgsql as $$
declare
  -- those of this batch are leaving the queue, and join in the order of their ids
  leaving uuid[] := array(
    select j.action from unnest(p_jobs || p_others) j where (j.action = any(p_unseen)) is not true);
  younger claimed_job[];
  waiting int;
  woken boolean;
begin
  jobs_left := p_jobs;
  put_back := 0;
  moved := false;
  loop
    select
      array_agg(x.j order by x.n) filter (where x.waits),
      array_agg(x.j order by x.n) filter (where not x.waits)
    into younger, jobs_left
    from (
      select
        y.j,
        y.n,
        (y.j).ordered is true and exists (
          select 1
          from jobs e
          where
            e.parent = (y.j).parent and e.parent_step = (y.j).parent_step and e.ordered and e.id < (y.j).id
            and (coalesce(e.lane, e.lanes[1]) is null or e.lane = (y.j).lane or e.lanes && (y.j).lanes)
            and e.priority <> 1003 /* Priority.delayed */
            and (e.action in (select unnest(leaving))) is not true
          offset 0
        ) as waits
      from (select j, row_number() over () as n from unnest(jobs_left) j) y
      offset 0
    ) x;
    exit when younger is null;
    moved := true;
    with w as (
      select y.place, y.arguments, y.lane, y.lanes, y.checksum_key, y.checksum, y.timeout_ms, y.given, y.passes_by,
      y.prepared,
      coalesce(e.action, f.action) as whom
      from unnest(younger) y
      left join lateral (
        select e.action
        from jobs e
        where
          e.parent = y.parent and e.parent_step = y.parent_step and e.ordered and e.id < y.id
          and (coalesce(e.lane, e.lanes[1]) is null or e.lane = y.lane or e.lanes && y.lanes)
          and e.priority <> 1002 /* Priority.waiting */
          and e.priority <> 1003 /* Priority.delayed */
          and (e.action in (select unnest(leaving))) is not true
        order by e.id desc
        limit 1
        for share skip locked
      ) e on true
      left join lateral (
        select f.action
        from jobs f
        where
          f.action = any(case when e.action is null then elders_of_waiting(y) end)
          and f.kind = 0 /* JobKind.invocation */
          and f.priority <> 1002 /* Priority.waiting */
          and f.priority <> 1003 /* Priority.delayed */
          and (f.action in (select unnest(leaving))) is not true
        order by f.id desc
        limit 1
        for share skip locked
      ) f on true
    ),
    u as (
      update jobs j
      set
        priority = case when w.whom is null then -1000 /* Priority.first */ else 1002 /* Priority.waiting */ end,
        elder = w.whom,
        token = null,
        due_at = null,
        failure = null,
        arguments = w.arguments,
        lane = w.lane,
        lanes = w.lanes,
        checksum_key = w.checksum_key,
        checksum = w.checksum,
        timeout_ms = w.timeout_ms,
        given = w.given,
        passes_by = w.passes_by,
        prepared = w.prepared
      from w
      where j.ctid = w.place
      returning j.elder
    )
    select count(*) filter (where elder is null) into waiting from u;
    put_back := put_back + waiting;
    -- whoever stays holds up those behind it in its other lanes, too
    exit when jobs_left is null or not exists (select 1 from unnest(younger) y where cardinality(y.lanes) > 1);
    leaving := array(select l from unnest(leaving) l except select y.action from unnest(younger) y);
  end loop;
  update jobs
  set priority = -1000 /* Priority.first */, elder = null
  where ctid = any(array(
    select ctid
    from jobs
    where
      elder = any(array(
        select j.action
        from unnest(jobs_left || p_others) j
        where j.ordered and (j.action = any(p_unseen)) is not true))
    for update skip locked));
  moved := moved or found;
  -- those that wait for whom one waited that goes without joining may have nobody to wait for
  -- by itself: what stands behind `or` is not called where something has moved before
  select bool_or(wake_behind_all(j.parent, j.parent_step, j.id))
  into woken
  from unnest(p_others) j
  where j.ordered and cardinality(j.lanes) > 1;
  moved := moved or coalesce(woken, false);
end $$;
