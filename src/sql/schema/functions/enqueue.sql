-- Adds invocations to the queue, in the order given; one that its process performs at once is held under its token.
-- `p_again` is null in a first try. In a later one, after an answer that was lost, it has the tokens under which the
-- earlier ones may have started them at once: these are waited for (see `enqueue_and_claim`), and what is stored by
-- then is skipped. `p_which` says by their numbers which of them there are to be. Batches come as columns: a third of
-- what parsing JSON costs. A column that nothing is in is null, which unnest fills up. Where an earlier call stores one
-- of them at this moment this one fails, and the next one finds it: to be ready for that (`on conflict`) would cost
-- every invocation a third more.
create function enqueue(
  p_now timestamptz, p_again bigint[], p_which int[], invocation_queue text[], invocation_action uuid[],
  invocation_definition text[], invocation_actor_id text[], invocation_arguments jsonb[], invocation_lane text[],
  invocation_lanes text[],
  invocation_checksum_key text[], invocation_checksum text[], invocation_timeout float8[], invocation_parent uuid[],
  invocation_parent_step int[], invocation_depth smallint[], invocation_ordered bool[], invocation_prepared boolean[],
  invocation_priority smallint[], invocation_due timestamptz[], invocation_tags text[], invocation_trace text[],
  invocation_tenant text[], invocation_token float8[], invocation_started_by uuid[] default null,
  invocation_started_by_step int[] default null)
returns void language plpgsql set search_path from current as $$
declare
  v_turns bigint[];
begin
  if p_again is not null then
    -- what was waited for must be seen; a first try decides nothing, and is possible at every level
    perform require_read_committed();
    perform pg_advisory_xact_lock(enqueueing_lock(x))
    from (select unnest(p_again) as x order by 1) t;
  end if;
  if invocation_tenant is not null then
    v_turns := next_turns(invocation_queue, invocation_priority, invocation_tenant);
  end if;
  insert into jobs (
    queue, priority, kind, action, definition, actor_id, arguments, lane, checksum_key, checksum, timeout_ms, parent,
    parent_step, depth, ordered, prepared, token, enqueued_at, own_priority, due_at, delayed_until, tags, trace,
    lanes, tenant, turn, started_by, started_by_step)
  select
    x.queue,
    case
      when x.token is not null then 1001 /* Priority.held */
      when x.due > p_now then 1003 /* Priority.delayed */
      when x.turn is not null then 999 /* Priority.turns */
      else coalesce(x.priority, 0) end,
    0 /* JobKind.invocation */, x.action, x.definition, x.actor_id, x.arguments, x.lane, x.checksum_key, x.checksum,
    x.timeout, x.parent, x.parent_step, x.depth, x.ordered, x.prepared, x.token, p_now,
    case when x.turn is null then nullif(x.priority, 0) else coalesce(x.priority, 0) end,
    case when x.due > p_now then x.due end,
    case when x.due > p_now then x.due end,
    x.tags::text[],
    x.trace,
    x.lanes::text[],
    x.tenant,
    case when x.token is null and (x.due > p_now) is not true then x.turn end,
    x.started_by,
    x.started_by_step
  from unnest(
    invocation_queue, invocation_action, invocation_definition, invocation_actor_id, invocation_arguments,
    invocation_lane, invocation_lanes, invocation_checksum_key, invocation_checksum, invocation_timeout,
    invocation_parent, invocation_parent_step, invocation_depth, invocation_ordered, invocation_prepared,
    invocation_priority,
    invocation_due, invocation_tags, invocation_trace, invocation_tenant, invocation_token, invocation_started_by,
    invocation_started_by_step, v_turns
  ) with ordinality as x(
    queue, action, definition, actor_id, arguments, lane, lanes, checksum_key, checksum, timeout, parent, parent_step,
    depth, ordered, prepared, priority, due, tags, trace, tenant, token, started_by, started_by_step, turn, n)
  where
    (p_which is null or x.n = any(p_which))
    and (p_again is null or x.action in (select o.id from outcomes_of(invocation_action) o where o.state = 'unknown'))
  order by x.n;
  -- what an earlier try has stored since that look may have been claimed before this one could insert: the queue knew
  -- nothing of it any more, and a second look does
  if p_again is not null then
    delete from jobs j
    where
      j.action = any(invocation_action)
      and j.kind = 0 /* JobKind.invocation */
      and (
        exists (select 1 from live_actions l where l.id = j.action offset 0)
        or exists (select 1 from ended_actions e where e.id = j.action offset 0)
        or exists (select 1 from outcomes o where o.id = j.action offset 0));
  end if;
end $$;
