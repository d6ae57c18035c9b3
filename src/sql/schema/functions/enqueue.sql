-- Adds invocations to the queue, in the order given; one that its process performs at once is held under its token.
-- `p_again` skips those that an earlier call, whose answer was lost, has stored; `p_which` says by their numbers which
-- of them there are to be. Batches come as columns: a third of what parsing JSON costs. A column that nothing is in is
-- null, which unnest fills up. Where an earlier call stores one of them at this moment this one fails, and the next one
-- finds it: to be ready for that (`on conflict`) would cost every invocation a third more.
create function enqueue(
  p_now timestamptz, p_again boolean, p_which int[], invocation_queue text[], invocation_action uuid[],
  invocation_definition text[], invocation_actor_id text[], invocation_arguments jsonb[], invocation_lane text[],
  invocation_lanes text[],
  invocation_checksum_key text[], invocation_checksum text[], invocation_timeout float8[], invocation_parent uuid[],
  invocation_parent_step int[], invocation_depth smallint[], invocation_ordered bool[], invocation_prepared boolean[],
  invocation_priority smallint[], invocation_due timestamptz[], invocation_tags text[], invocation_token float8[])
returns void language plpgsql set search_path from current as $$
begin
  insert into jobs (
    queue, priority, kind, action, definition, actor_id, arguments, lane, checksum_key, checksum, timeout_ms, parent,
    parent_step, depth, ordered, prepared, token, enqueued_at, own_priority, due_at, delayed_until, tags,
    lanes)
  select
    x.queue,
    case
      when x.token is not null then 1001 /* Priority.held */
      when x.due > p_now then 1003 /* Priority.delayed */
      else coalesce(x.priority, 0) end,
    0 /* JobKind.invocation */, x.action, x.definition, x.actor_id, x.arguments, x.lane, x.checksum_key, x.checksum,
    x.timeout, x.parent, x.parent_step, x.depth, x.ordered, x.prepared, x.token, p_now, nullif(x.priority, 0),
    case when x.due > p_now then x.due end,
    case when x.due > p_now then x.due end,
    x.tags::text[],
    x.lanes::text[]
  from unnest(
    invocation_queue, invocation_action, invocation_definition, invocation_actor_id, invocation_arguments,
    invocation_lane, invocation_lanes, invocation_checksum_key, invocation_checksum, invocation_timeout,
    invocation_parent, invocation_parent_step, invocation_depth, invocation_ordered, invocation_prepared,
    invocation_priority,
    invocation_due, invocation_tags, invocation_token
  ) with ordinality as x(
    queue, action, definition, actor_id, arguments, lane, lanes, checksum_key, checksum, timeout, parent, parent_step,
    depth, ordered, prepared, priority, due, tags, token, n)
  where
    (p_which is null or x.n = any(p_which))
    and (not p_again or x.action in (select o.id from outcomes_of(invocation_action) o where o.state = 'unknown'))
  order by x.n;
end $$;
