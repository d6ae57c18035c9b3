-- Enqueues what fires: each with a row in `action_keys` for the schedule and its slot, so that nothing is enqueued a
-- second time for one slot, whoever asks for it: a worker, one whose clock is behind, somebody who has a range
-- enqueued. Of `p_schedules` alone. Gives which ones, by their numbers. The key goes with the history of its action.
-- For other functions only: it inherits their search path and their settings.
create function enqueue_schedule_slots(
  p_now timestamptz, p_schedules text[], slot_schedule text[], slot_key text[], invocation_queue text[],
  invocation_action uuid[], invocation_definition text[], invocation_actor_id text[], invocation_arguments jsonb[],
  invocation_lane text[], invocation_lanes text[], invocation_checksum_key text[], invocation_checksum text[],
  invocation_timeout float8[], invocation_prepared boolean[], invocation_tenant text[], invocation_depth smallint[])
returns int[] language plpgsql as $$
declare
  which int[];
begin
  with added as (
    insert into action_keys (definition, actor_id, kind, key, action, created_at)
    select '', x.schedule, 3 /* KeyKind.schedule */, x.key, x.action, p_now
    from unnest(slot_schedule, slot_key, invocation_action) x(schedule, key, action)
    where x.schedule = any(p_schedules)
    order by x.schedule collate "C", x.key collate "C"
    on conflict do nothing
    returning action
  )
  select array_agg(x.n::int order by x.n) into which
  from unnest(invocation_action) with ordinality x(action, n)
  where x.action in (select a.action from added a);
  if which is not null then
    perform enqueue(
      p_now, null, which, invocation_queue, invocation_action, invocation_definition, invocation_actor_id,
      invocation_arguments, invocation_lane, invocation_lanes, invocation_checksum_key, invocation_checksum,
      invocation_timeout, null, null, invocation_depth, null, invocation_prepared, null, null, null, null,
      invocation_tenant, null);
  end if;
  return coalesce(which, '{}');
end $$;
