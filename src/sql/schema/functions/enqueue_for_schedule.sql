-- Enqueues slots of one schedule that somebody has asked for: one for now, or a range. It stays at the slot that comes
-- next. Gives what has become of it (`done`; `before`, where all had been enqueued before; `none`, where nobody has the
-- name), the actions of those that were enqueued, and that of the first slot, whenever it was.
--
-- Locked is the schedule, so that who fires it skips it, then the slots' keys, then the queue. A crash before the
-- commit has enqueued nothing; asked again, after it, a range enqueues what is missing, which is nothing.
create function enqueue_for_schedule(
  p_now timestamptz, p_name text, p_operation jsonb, slot_schedule text[], slot_key text[], invocation_queue text[],
  invocation_action uuid[], invocation_definition text[], invocation_actor_id text[], invocation_arguments jsonb[],
  invocation_lane text[], invocation_lanes text[], invocation_checksum_key text[], invocation_checksum text[],
  invocation_timeout float8[], invocation_prepared boolean[], invocation_tenant text[], invocation_depth smallint[],
  out became text, out enqueued uuid[], out first_action uuid)
language plpgsql set search_path from current as $$
declare
  which int[];
begin
  perform require_read_committed();
  enqueued := '{}';
  perform 1 from schedules s where s.name = p_name for update;
  if not found then
    became := 'none';
    return;
  end if;
  which := enqueue_schedule_slots(
    p_now, array[p_name], slot_schedule, slot_key, invocation_queue, invocation_action, invocation_definition,
    invocation_actor_id, invocation_arguments, invocation_lane, invocation_lanes, invocation_checksum_key,
    invocation_checksum, invocation_timeout, invocation_prepared, invocation_tenant, invocation_depth);
  enqueued := array(select invocation_action[n] from unnest(which) with ordinality w(n, place) order by w.place);
  select k.action into first_action
  from action_keys k
  where k.definition = '' and k.actor_id = p_name and k.kind = 3 /* KeyKind.schedule */ and k.key = slot_key[1];
  became := case when cardinality(which) = 0 then 'before' else 'done' end;
  perform record_operation(p_operation, became, jsonb_build_object('enqueued', cardinality(which)));
end $$;
