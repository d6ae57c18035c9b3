-- For a worker that has room for what its own process asks for: one commit for both. A single invocation that is only
-- to be started begins without having been in the queue, if that is empty. Else the claim is one like any other, of
-- whatever comes first. Its locks come after those on the new rows, which nobody waits for but a repetition of the same
-- call, which holds nothing but what it waits for first: nothing in the queue would tell it of what this one starts, so
-- it waits for the advisory lock of this worker's token. Whoever asks must not wait for lanes that others have locked:
-- then it fails, and is stored alone.
create function enqueue_and_claim(
  p_token bigint, p_now timestamptz, p_room int, p_queues text[], p_definitions text[], p_first_steps text[],
  p_flags smallint[], p_prepare boolean[], p_after jsonb, p_lanes jsonb, p_in_turns boolean, invocation_queue text[],
  invocation_action uuid[],
  invocation_definition text[], invocation_actor_id text[], invocation_arguments jsonb[], invocation_lane text[],
  invocation_lanes text[],
  invocation_checksum_key text[], invocation_checksum text[], invocation_timeout float8[], invocation_parent uuid[],
  invocation_parent_step int[], invocation_depth smallint[], invocation_ordered bool[], invocation_prepared boolean[],
  invocation_priority smallint[], invocation_due timestamptz[], invocation_tags text[], invocation_trace text[],
  invocation_tenant text[])
returns setof answer language plpgsql set search_path from current set lock_timeout = '20ms' as $$
begin
  perform pg_advisory_xact_lock_shared(enqueueing_lock(p_token));
  if cardinality(invocation_action) = 1
    and invocation_lane is not null
    and invocation_checksum is null
    and invocation_parent is null
    and invocation_due is null
    and coalesce(
      invocation_prepared[1], not p_prepare[array_position(p_definitions, invocation_definition[1])]) then
    return query select * from start_at_once(
      p_token, p_now, p_queues, p_definitions, p_first_steps, p_flags, invocation_queue[1], invocation_action[1],
      invocation_definition[1], invocation_actor_id[1], invocation_arguments[1], invocation_lane[1],
      invocation_checksum_key[1], invocation_timeout[1]::bigint, invocation_tags[1]::text[], invocation_trace[1]);
    if found then return; end if;
  end if;
  perform enqueue(
    p_now, null, null, invocation_queue, invocation_action, invocation_definition, invocation_actor_id,
    invocation_arguments, invocation_lane, invocation_lanes, invocation_checksum_key, invocation_checksum,
    invocation_timeout,
    invocation_parent, invocation_parent_step,
    invocation_depth, invocation_ordered, invocation_prepared, invocation_priority, invocation_due, invocation_tags,
    invocation_trace, invocation_tenant, null);
  return query select * from claim(
    p_token, p_now, p_room, p_queues, p_definitions, p_first_steps, p_flags, p_prepare, null, null, p_after, p_lanes,
    p_in_turns);
end $$;
