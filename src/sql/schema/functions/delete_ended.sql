-- Deletes history from before a time with all that is stored of it: looks at some actions at a time, the newest ones
-- below `p_below` first, and gives below which one the next call goes on, or null after the oldest. What ended before a
-- time was enqueued before it too, and ids take user time: so the primary key leads there, and no row costs an entry in
-- an index for it. Passed by is what
-- - ended later than its id lets think;
-- - has left behind children that are still to be cancelled: its slots name them;
-- - a live action reads: the results of its children, also of one that another parent's child has joined or superseded;
-- - an answer follows, as long as that is kept;
-- - may still be unwound, as one above it is live;
-- - another action is to go on for, or for one above it, and has not begun;
-- - a key names that is held, or what that was superseded by, or has joined: as long as that is kept;
-- - was superseded by what is still there: handles go that way. A newcomer has the higher id, so that it goes first,
--   and all that was superseded in one lane goes in one pass.
-- Nothing of it comes back once it is over, and it was there before the end of what it keeps: one snapshot tells. Each
-- row is looked up one by one, which nothing can turn into reading all of a table. No transition locks what is locked
-- here.
create function delete_ended(p_before timestamptz, p_below uuid, p_limit int, out deleted int, out below uuid)
language plpgsql set search_path from current as $$
declare
  v_below uuid := coalesce(
    p_below,
    (lpad(to_hex(least(greatest(0, extract(epoch from p_before) * 1000), x'ffffffffffff'::bigint)::bigint), 12, '0')
      || repeat('0', 20))::uuid);
  -- an id that a caller has chosen may be a day ahead of the others
  v_keyed_below uuid := (lpad(
    to_hex(least(greatest(0, extract(epoch from p_before) * 1000) + 86400000, x'ffffffffffff'::bigint)::bigint),
    12, '0') || repeat('0', 20))::uuid;
  named uuid[];
  ids uuid[];
  held uuid[];
  held_by uuid[];
  places jsonb;
  place int;
  goes boolean[];
  retries boolean := are_retried();
begin
  -- of the keys few are that old: upkeep has deleted those whose time is over
  named := array(
    with recursive way(id) as (
      select k.action
      from action_keys k
      where k.action < v_keyed_below and k.free_at is not null and k.kind = 1 /* KeyKind.idempotency */
      union
      select coalesce(
        (select e.superseded_by from ended_actions e where e.id = w.id and e.cause is null),
        (select o.follows from outcomes o where o.id = w.id))
      from way w
      where w.id is not null
    )
    select w.id from way w where w.id is not null);
  with looked_at as materialized (
    select e.id, e.parent, e.superseded_by, e.ended_at, e.undo
    from ended_actions e
    where e.id < v_below
    order by e.id desc
    limit p_limit
  ),
  unread as (
    select
      e.id,
      case
        when (select l.id from live_actions l where l.id = e.superseded_by) is not null
          or (select n.id from ended_actions n where n.id = e.superseded_by) is not null
          then e.superseded_by
      end as held_by
    from looked_at e
    where
      e.ended_at < p_before
      and (e.id in (select unnest(named))) is not true
      and (select a.action from abandoned_by a where a.action = e.id) is null
      and (select l.id from live_actions l where l.id = e.parent) is null
      and (
        select o.action
        from slots o
        where
          o.child = e.id and o.moved
          and (
            (select l.id from live_actions l where l.id = o.action) is not null
            or (retries and is_retried(o.action)))
        limit 1
      ) is null
      and (select o.id from outcomes o where o.follows = e.id limit 1) is null
      and not (retries and is_retried(e.id))
      and not case when e.undo is null then false else is_to_unwind(e.parent) end
  )
  select
    array_agg(u.id) filter (where u.held_by is null),
    array_agg(u.id order by u.id desc) filter (where u.held_by is not null),
    array_agg(u.held_by order by u.id desc) filter (where u.held_by is not null),
    (select case when count(*) = p_limit then (array_agg(x.id order by x.id))[1] end from looked_at x)
  into ids, held, held_by, below
  from unread u;

  -- what is held by something that goes now goes with it: in one turn through them, newest first
  if held is not null then
    places := (select jsonb_object_agg(x.id, x.n) from unnest(held) with ordinality x(id, n));
    goes := array(select (x in (select unnest(ids))) is true from unnest(held_by) with ordinality h(x, n) order by n);
    for i in 1 .. cardinality(held) loop
      place := (places ->> held_by[i]::text)::int;
      if place < i then goes[i] := goes[place]; end if;
    end loop;
    ids := ids || array(select x.id from unnest(held, goes) x(id, goes) where x.goes);
  end if;

  ids := array(select id from ended_actions where id = any(ids) for update skip locked);
  -- whoever retries one of them has locked it, and may have done so since that look
  if are_retried() then ids := array(select x from unnest(ids) x where not is_retried(x)); end if;
  delete from slots where action = any(ids);
  delete from steps where action = any(ids);
  delete from memos where action = any(ids);
  delete from signals where action = any(ids);
  delete from retries where action = any(ids);
  -- one that is held for longer still answers, a completion's key too
  update action_keys
  set free_at = held_until
  where action = any(ids) and kind = 2 /* KeyKind.completion */ and free_at is null and held_until > p_before;
  delete from action_keys where action = any(ids) and free_at is null;
  delete from ended_actions where id = any(ids);
  deleted := cardinality(ids);
end $$;
