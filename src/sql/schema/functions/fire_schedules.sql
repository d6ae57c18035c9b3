-- Fires what is due: enqueues its slots, and moves it to the slot that comes next, where it is still at the one that
-- its worker has read, and is what that has read. So of several workers that have read the same one fires it, and one
-- that comes late, or again after an answer that was lost, fires nothing. Gives how many were moved, and which actions
-- were enqueued.
--
-- Locked are the schedules, by name, as far as nobody has them locked (who puts or operates one of them comes first:
-- the next look finds it as they have left it), then the slots' keys, then the queue. A crash before the commit has
-- fired nothing, and whoever looks next does; after it all is done. While all schedules are paused none is moved, and
-- so none fires, whatever was read before that.
create function fire_schedules(
  p_now timestamptz, move_name text[], move_hash text[], move_slot timestamptz[], move_next_slot timestamptz[],
  move_next_at timestamptz[], move_last timestamptz[], slot_schedule text[], slot_key text[], invocation_queue text[],
  invocation_action uuid[], invocation_definition text[], invocation_actor_id text[], invocation_arguments jsonb[],
  invocation_lane text[], invocation_lanes text[], invocation_checksum_key text[], invocation_checksum text[],
  invocation_timeout float8[], invocation_prepared boolean[], invocation_tenant text[], invocation_depth smallint[],
  out moved int, out enqueued uuid[])
language plpgsql set search_path from current as $$
declare
  names text[];
begin
  enqueued := '{}';
  perform require_read_committed();
  names := array(
    select s.name
    from schedules s
    join unnest(move_name, move_hash, move_slot) m(name, hash, slot) on m.name = s.name
    where s.name = any(move_name) and s.slot = m.slot and s.hash = m.hash and s.paused_at is null
      and not exists (select 1 from pauses p where p.kind = 'schedules')
    order by s.name
    for update of s skip locked);
  update schedules s
  set
    slot = m.next_slot,
    next_at = m.next_at,
    trouble = null,
    last_slot = coalesce(m.last, s.last_slot)
  from unnest(move_name, move_next_slot, move_next_at, move_last) m(name, next_slot, next_at, last)
  where s.name = m.name and s.name = any(names);
  moved := cardinality(names);
  if slot_schedule is null or moved = 0 then return; end if;
  enqueued := array(
    select invocation_action[n]
    from unnest(enqueue_schedule_slots(
      p_now, names, slot_schedule, slot_key, invocation_queue, invocation_action, invocation_definition,
      invocation_actor_id, invocation_arguments, invocation_lane, invocation_lanes, invocation_checksum_key,
      invocation_checksum, invocation_timeout, invocation_prepared, invocation_tenant, invocation_depth)) w(n));
end $$;
