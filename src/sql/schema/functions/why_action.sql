-- An action with the reasons for which it is not finished, or with how it has ended: null where nobody has the id.
-- `others` of a reason are whom it waits for.
-- For other functions only: it inherits their search path and their settings.
create function why_action(p_now timestamptz, p_id uuid) returns jsonb
language plpgsql stable as $$
declare
  names text[] :=
    array['pending', 'performing', 'succeeded', 'superseded', 'cancelled', 'failed', 'timed_out', 'deadlocked']
      /* statuses */;
  node jsonb;
begin
  select jsonb_build_object(
    'id', l.id, 'definition', l.definition, 'actorId', l.actor_id,
    -- of what unwinds one that has ended, how that has ended
    'status', names[1 + coalesce((select e.status from ended_actions e where e.id = l.unwinds), l.status)],
    'since', extract(epoch from l.started_at) * 1000, 'enqueuedAt', extract(epoch from l.enqueued_at) * 1000,
    'timeoutAt', extract(epoch from case
      when l.outcome is null then l.timeout_at
      when l.phase <> 3 /* Phase.callbacks */ then l.undone_until end) * 1000,
    'reasons', why_live(p_now, p_id))
  into node
  from live_actions l
  where l.id = p_id;
  if found then
    -- what is due already says who would take it
    return case
      when node @> '{"reasons": [{"tag": "Due"}]}' then node
      else jsonb_set(node, '{reasons}', (node -> 'reasons') || why_unattended(p_now, p_id)) end;
  end if;

  select jsonb_build_object(
    'id', j.action, 'definition', j.definition, 'actorId', j.actor_id, 'status', 'queued',
    'enqueuedAt', extract(epoch from j.enqueued_at) * 1000, 'reasons', why_queued(p_now, p_id))
  into node
  from jobs j
  where j.action = p_id and j.kind = 0 /* JobKind.invocation */;
  if found then return node; end if;

  select jsonb_build_object(
    'id', e.id, 'definition', e.definition, 'actorId', e.actor_id, 'status', names[1 + e.status],
    'since', extract(epoch from e.started_at) * 1000, 'enqueuedAt', extract(epoch from e.enqueued_at) * 1000,
    'reasons',
    jsonb_build_array(jsonb_build_object(
      'tag', 'Ended', 'status', names[1 + e.status], 'at', extract(epoch from e.ended_at) * 1000,
      'cause', e.cause - 'pretty', 'supersededBy', e.superseded_by,
      'forgotten', coalesce(e.forgotten & 2 /* Forgotten.result */ <> 0, false)))
    -- who waits for that has ended, too, and nobody has begun
    || case
      when exists (
        select 1 from slots o where o.child = e.id and o.status is null and o.undo = 1 /* UndoSlot.waits */
        offset 0
      ) then jsonb_build_array(jsonb_build_object('tag', 'Unwinding', 'status', names[1 + e.status], 'hasEnded', true))
      else '[]' end)
  into node
  from ended_actions e
  where e.id = p_id;
  if found then return node; end if;

  return (
    select jsonb_build_object(
      'id', o.id, 'definition', o.definition, 'actorId', o.actor_id,
      'status', coalesce(names[1 + o.status], 'queued'),
      'reasons', jsonb_build_array(case
        when o.follows is not null then
          jsonb_build_object('tag', 'Joins', 'others', jsonb_build_array(jsonb_build_object('id', o.follows)))
        else jsonb_build_object(
          'tag', 'Ended', 'status', names[1 + o.status], 'at', extract(epoch from o.created_at) * 1000,
          'cause', case when o.cause ? 'kind' then o.cause - 'pretty' end,
          'forgotten', coalesce(o.cause ? 'forgotten', false)) end))
    from outcomes o
    where o.id = p_id);
end $$;
