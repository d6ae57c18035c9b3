-- Slots and children of conclusions that `finish` has stored in the same transaction, and what they start: what it
-- holds locked, and nothing else, is theirs. `p_slots` and `p_children` say by their numbers which of them there are to
-- be; all, if null.
create function add_children(
  p_now timestamptz, p_slots int[], p_children int[], slot_action uuid[], slot_step int[], slot_slot int[],
  slot_child uuid[], slot_definition text[], slot_actor_id text[], slot_due timestamptz[], slot_success text[],
  slot_error text[], slot_attempt smallint[], slot_request text[], slot_reuses int[], slot_signal text[],
  slot_optional boolean[], slot_heartbeat float8[], child_queue text[],
  child_action uuid[], child_definition text[], child_actor_id text[], child_arguments jsonb[],
  child_lane text[], child_lanes text[], child_checksum_key text[], child_checksum text[], child_timeout float8[],
  child_parent uuid[], child_parent_step int[], child_depth smallint[], child_ordered bool[], child_prepared boolean[],
  child_priority smallint[], child_due timestamptz[], child_tags text[], child_trace text[],
  child_tenant text[], child_started_by uuid[], child_started_by_step int[])
returns void language plpgsql set search_path from current as $$
begin
  insert into slots (
    action, step, slot, child, definition, actor_id, due_at, success, error, attempt, request, signal, optional,
    heartbeat_ms, limit_at)
  select
    x.action, x.step, x.slot, x.child, x.definition, x.actor_id,
    least(x.due, p_now + x.heartbeat * interval '1 millisecond'), x.success, x.error, x.attempt, x.request,
    x.signal, x.optional, x.heartbeat, case when x.heartbeat is not null then x.due end
  from unnest(
    slot_action, slot_step, slot_slot, slot_child, slot_definition, slot_actor_id, slot_due, slot_success, slot_error,
    slot_attempt, slot_request, slot_signal, slot_optional, slot_heartbeat
  ) with ordinality as x(
    action, step, slot, child, definition, actor_id, due, success, error, attempt, request, signal, optional,
    heartbeat, n)
  where p_slots is null or x.n = any(p_slots);
  -- what an earlier attempt has come to, and is not done again
  if slot_reuses is not null then
    update slots o
    set
      child = e.child, status = e.status, result = e.result, cause = e.cause, moved = e.moved, carried = e.carried,
      unstored = e.unstored,
      request = ''
    from unnest(slot_action, slot_step, slot_slot, slot_reuses) with ordinality as x(action, step, slot, reuses, n)
    cross join lateral (
      select e.child, e.status, e.result, e.cause, e.moved, e.carried, e.unstored
      from slots e
      where e.action = x.action and e.step = x.step and e.slot = x.reuses
      offset 0
    ) e
    where
      x.reuses is not null
      and (p_slots is null or x.n = any(p_slots))
      and o.action = any(slot_action) and o.action = x.action and o.step = x.step and o.slot = x.slot;
  end if;
  if child_action is null then return; end if;
  perform enqueue(
    p_now, null, p_children, child_queue, child_action, child_definition, child_actor_id, child_arguments,
    child_lane, child_lanes,
    child_checksum_key,
    child_checksum, child_timeout, child_parent, child_parent_step, child_depth, child_ordered, child_prepared,
    child_priority, child_due, child_tags, child_trace, child_tenant, null, child_started_by, child_started_by_step);
end $$;
