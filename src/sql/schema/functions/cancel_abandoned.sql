-- Cancels what ended actions have left behind, one level a call, some at a time: children that nothing else waits for.
-- And unwinds what those wait to have unwound that undo what they have done. What somebody has locked is left for a
-- later call (`put_back`, where there was nothing else).
create function cancel_abandoned(
  p_token bigint, p_now timestamptz, p_definitions text[], p_first_steps text[], p_flags smallint[], p_limit int)
returns setof answer language plpgsql set search_path from current as $$
declare
  dead uuid[];
  -- of their rows, as they are seen now
  places tid[];
  kids uuid[];
  held uuid[];
  marked int;
  busy boolean;
  locked text[];
  doomed uuid[];
  missed boolean;
begin
  perform require_read_committed();
  dead := array(select action from abandoned_by order by action limit p_limit for update skip locked);
  if cardinality(dead) = 0 then return; end if;
  -- what somebody has left behind several times one looks at alone
  with a as materialized (
    select ctid as place, action from abandoned_by where action = any(dead)
  ),
  l as materialized (
    select ctid as place from abandoned_by where action = any(dead) for update skip locked
  ),
  d as (
    select array_agg(a.place) as places, a.action
    from a
    group by a.action
    having bool_and((a.place in (select l.place from l)) is true)
  )
  select coalesce(array_agg(distinct d.action), '{}'), array_agg(p) into dead, places
  from d
  cross join lateral unnest(d.places) p;
  if cardinality(dead) = 0 then return; end if;
  if exists (select 1 from slots o where o.action = any(dead) and o.undo is not null and o.status is null) then
    return query select * from begin_unwindings(
      leased(p_token), p_now, p_definitions, p_first_steps, p_flags, dead, p_limit);
    if found then return; end if;
  end if;
  if exists (select 1 from slots o where o.action = any(dead) and o.closing and o.status is null) then
    return query select * from leave_wanted(leased(p_token), p_now, p_definitions, p_flags, dead);
    if found then return; end if;
  end if;
  -- those that nobody has taken are marked as `complete` does, but keep their places: many of them must not overtake
  -- all others
  with c as materialized (
    select j.place, j.action, j.token
    from slots o
    -- in subqueries that cannot be turned around: a job for each slot, and not the slots for each job that is queued
    cross join lateral (
      select q.ctid as place, q.action, q.token
      from jobs q
      where
        -- what somebody has retried by itself is nobody's child
        q.action = o.child and q.kind = 0 /* JobKind.invocation */ and q.cancelled_at is null and q.parent is not null
        and not exists (
          select 1 from slots w where w.child = o.child and w.status is null and w.closing is not true offset 0)
      for update skip locked
    ) j
    where o.action = any(dead) and (o.status = 4 /* Status.cancelled */ or (o.closing and o.status is null))
    limit p_limit * 20
  ),
  u as (
    update jobs
    set
      cancelled_at = clock_timestamp(),
      priority = case
        when priority >= 1000 /* Priority.later */ then coalesce(own_priority, 0)
        else priority end,
      token = null,
      due_at = null,
      elder = null
    where ctid = any(array(select place from c))
    returning 1
  )
  select array_agg(action) filter (where token is not null), (select count(*) from u) into held, marked from c;
  if marked > 0 then
    return query select * from news_of(-7 /* Kind.interrupt */, held);
    return next news(-8 /* Kind.queued */);
    -- those that are marked already are passed by each time: not by the looks below too
    if marked = p_limit * 20 then
      return next news(-4 /* Kind.abandoned */);
      return;
    end if;
  end if;
  busy := exists (
    select 1
    from slots o
    cross join lateral (
      select from jobs q
      where
        q.action = o.child and q.kind = 0 /* JobKind.invocation */ and q.cancelled_at is null and q.parent is not null
      offset 0
    ) j
    where
      o.action = any(dead)
      and (o.status = 4 /* Status.cancelled */ or (o.closing and o.status is null))
      and not exists (
        select 1 from slots w where w.child = o.child and w.status is null and w.closing is not true offset 0));
  -- some at a time: those that are over are passed by
  kids := array(
    select distinct o.child
    from slots o
    cross join lateral (
      select from live_actions l where l.id = o.child and l.outcome is null and not l.rooted offset 0
    ) l
    where
      o.action = any(dead)
      and (o.status = 4 /* Status.cancelled */ or (o.closing and o.status is null))
      and not exists (
        select 1 from slots w where w.child = o.child and w.status is null and w.closing is not true offset 0)
    limit p_limit * 10);
  if exists (select 1 from live_actions where id = any(kids) and lanes is not null) then
    perform lock_named_lanes(kids);
  end if;
  locked := array(
    select lane
    from live_actions
    where seat = 0 /* Seat.performing */ and lane = any(array(select lane from live_actions where id = any(kids)))
    order by lane
    for update);
  -- whoever concludes one in named lanes without ending it has its row, and none of its lanes
  perform 1 from live_actions where id = any(kids) and lanes is not null order by id for update;
  -- a lane that moved on while we waited for it is not ours: its new performer may be ending by itself just now
  select
    coalesce(array_agg(id) filter (where lanes is not null or lane = any(locked)), '{}'),
    coalesce(bool_or(lane <> all(locked)), false)
  into doomed, missed
  from live_actions l
  where
    id = any(kids)
    and outcome is null
    and not rooted
    and not exists (
      select 1 from slots w where w.child = l.id and w.status is null and w.closing is not true offset 0);
  if cardinality(doomed) > 0 then
    return query select * from end_from_outside(
      p_token, p_now, p_definitions, p_first_steps, p_flags, doomed, 4 /* Status.cancelled */::smallint, null,
      jsonb_build_object('kind', 'cancelled', 'message', 'its parent is over' /* words.parentIsOver */));
  end if;
  -- whatever is left is for the next call, which finds nothing to do when this one has done it all
  if cardinality(doomed) > 0 or busy or missed then
    return next news(-4 /* Kind.abandoned */);
    if cardinality(doomed) = 0 and marked = 0 then
      return next row(-1 /* Kind.taken */, null, null, null, null, 0, 0, 1, 0, null)::answer;
      return;
    end if;
  else
    delete from abandoned_by where ctid = any(places);
  end if;
  return next news(-1 /* Kind.taken */, null, cardinality(dead));
end $$;
