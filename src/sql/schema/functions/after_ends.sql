-- What follows from ends, whose rows are in the history by now and whose lanes, `p_freed`, are the caller's: their
-- achievements (where `p_achieves`), who is next in the lanes, slots (`p_trace` is the span
-- of who has completed them), parents. Of those that were executions (`p_executed`) the ones that wait for them are
-- woken, and no clock rings.
-- For other functions only: it inherits their search path and their settings.
create function after_ends(
  p_token bigint, p_now timestamptz, p_definitions text[], p_first_steps text[], p_flags smallint[], p_freed text[],
  p_ids uuid[], p_achieves boolean, p_abrupt uuid[], p_executed uuid[] default null, p_trace text default null)
returns setof answer language plpgsql as $$
declare
  next_up uuid[];
  left_by record;
  erased text[];
  parents uuid[];
  parent_steps int[];
  is_awaited boolean;
  unwinding uuid[];
  counted_on uuid[];
begin
  select
    array_agg(id) filter (where seat = -1 /* Seat.pending */),
    array_agg(id) filter (where seat < -1 /* Seat.pending */)
  into next_up, unwinding
  from live_actions
  where lane = any(p_freed) and seat < 0 /* Seat.performing */;
  if unwinding is not null then
    -- what unwinds one that has ended here goes before who is pending, one after another, whatever is paused
    unwinding := array(
      select distinct on (lane) id from live_actions where id = any(unwinding) order by lane, seat desc);
    next_up := array(
      select id
      from live_actions
      where id = any(next_up) and lane <> all(array(select lane from live_actions where id = any(unwinding))));
  end if;
  if cardinality(next_up) > 0 and exists (select 1 from pauses) then
    -- the first of its lane, and not performing
    update live_actions
    set seat = 0 /* Seat.performing */
    where id = any(next_up) and is_paused(lane, queue, definition);
    next_up := array(select id from live_actions where id = any(next_up) and seat = -1 /* Seat.pending */);
  end if;
  next_up := next_up || unwinding;
  -- null stands for named lanes
  if array_position(p_freed, null) is not null then
    select l.started, l.due into left_by from leave_named_lanes(p_now, p_ids, false) l;
    next_up := next_up || left_by.started;
    if left_by.due is not null then return next news_due(left_by.due); end if;
  end if;
  if cardinality(next_up) > 0 then
    erased := array(
      select checksum_key
      from achievements
      where checksum_key = any(array(
        select coalesce(checksum_key, lane) from live_actions where id = any(next_up) and unwinds is null)));
  end if;

  if p_achieves or cardinality(erased) > 0 then
    insert into achievements (checksum_key, checksum, result, action, achieved_at, definition)
    select distinct on (checksum_key) checksum_key, checksum, result, id, p_now, definition
    from (
      select coalesce(checksum_key, lane) as checksum_key, checksum, result, id, definition
      from ended_actions
      where
        id = any(p_ids)
        and checksum is not null and status = 2 /* Status.succeeded */ and callbacks_failed = 0
        -- what has been unwound has achieved nothing
        and unwound is null
      -- what is erased below has its place in the one pass over all keys in their order
      union all
      select k, '', null, '00000000-0000-0000-0000-000000000000', '' from unnest(erased) k
    ) k
    order by checksum_key, id desc
    on conflict (checksum_key) do update
    set
      checksum = excluded.checksum,
      result = excluded.result,
      action = excluded.action,
      achieved_at = excluded.achieved_at,
      definition = excluded.definition;
  end if;

  if cardinality(next_up) > 0 then
    -- of what was found, or has just been granted: what comes meanwhile comes afterwards
    delete from achievements
    where
      checksum_key = any(array(
        select coalesce(checksum_key, lane) from live_actions where id = any(next_up) and unwinds is null))
      and (checksum_key = any(erased) or action = any(p_ids));
    return query select * from promote_next(p_token, p_now, p_definitions, p_first_steps, p_flags, next_up);
  end if;

  if p_executed is not null then
    perform stop_clocks(p_executed);
    if wake_waiting_executions(p_now, p_executed) > 0 then return next news(-8 /* Kind.queued */); end if;
  end if;
  is_awaited := exists (select 1 from slots where child = any(p_ids) and status is null);
  if p_abrupt is not null or is_awaited then
    perform lock_waiting_steps(p_ids, coalesce(p_abrupt, '{}'));
  end if;
  if p_abrupt is not null and cancel_steps(p_now, p_abrupt) then return next news(-4 /* Kind.abandoned */); end if;

  if is_awaited then
    with u as (
      update slots o
      set
        status = case
          when o.undo is null then
            -- a success whose callbacks have failed is a failure for its parent
            case when e.status = 2 /* Status.succeeded */ and e.callbacks_failed > 0 then 5 /* Status.failed */
              else e.status end
          -- one that has ended well only now is to be unwound
          when e.undo is not null and e.unwound is null then null
          when e.unwound ? 'notUndone' then 5 /* Status.failed */
          else 2 /* Status.succeeded */ end,
        cause = case when o.undo is null then o.cause else nullif(e.unwound, '{}') end,
        trace = coalesce(p_trace, o.trace)
      from slots w
      -- looked up for each slot: turned around, all of the history would be read
      cross join lateral (
        select e.id, e.status, e.callbacks_failed, e.undo, e.unwound, e.parent, e.parent_step
        from ended_actions e
        where e.id = w.child
        offset 0
      ) e
      where w.child = any(p_ids) and w.status is null and o.ctid = w.ctid and o.status is null
      returning
        o.action, o.step, o.status is null as is_open,
        -- those that were done before it in its lanes are undone behind it
        o.undo is not null and e.unwound is null as is_first,
        case when e.undo is not null and o.undo is null and (o.action, o.step) <> (e.parent, e.parent_step)
          then e.id end as shared
    )
    select
      array_agg(action) filter (where not is_open), array_agg(step) filter (where not is_open),
      array_agg(distinct action) filter (where is_open or is_first), array_agg(shared) filter (where shared is not null)
    into parents, parent_steps, unwinding, counted_on
    from u;
    -- somebody else counts on it
    if counted_on is not null then
      update ended_actions set undo = undo | 2 /* Undoable.shared */ where id = any(counted_on);
    end if;
    if unwinding is not null then
      insert into abandoned_by (action) select unnest(unwinding);
      return next news(-4 /* Kind.abandoned */);
    end if;
    if parents is not null then
      return query select * from resume_parents(p_token, p_now, p_definitions, parents, parent_steps, p_flags);
    end if;
  end if;
end $$;
