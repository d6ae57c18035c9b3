-- Why an invocation has not joined its lane.
-- For other functions only: it inherits their search path and their settings.
create function why_queued(p_now timestamptz, p_id uuid) returns jsonb
language plpgsql stable as $$
declare
  j record;
  pause jsonb;
  place int;
  reasons jsonb := jsonb_build_array();
begin
  select
    x.id, x.queue, x.priority, x.own_priority, x.turn, x.definition, x.due_at, x.elder, x.token, x.attempts, x.failure,
    x.cancelled_at, x.enqueued_at
  into j
  from jobs x
  where x.action = p_id and x.kind = 0 /* JobKind.invocation */;
  if j.priority = 1001 /* Priority.held */ then
    return jsonb_build_array(jsonb_build_object(
      'tag', 'Performs', 'what', 'preparing', 'attempt', j.attempts + 1, 'worker', why_worker(j.token)));
  end if;
  if j.cancelled_at is not null then
    reasons := jsonb_build_array(
      jsonb_build_object('tag', 'Cancelled', 'since', extract(epoch from j.cancelled_at) * 1000));
  else
    pause := case when j.attempts = 0 then pause_of(null, j.queue, j.definition) end;
    if pause is not null then
      reasons := jsonb_build_array(jsonb_build_object('tag', 'Paused', 'pause', pause));
    end if;
    if j.priority = 1003 /* Priority.delayed */ and j.due_at > p_now then
      return reasons || jsonb_build_object('tag', 'Delayed', 'until', extract(epoch from j.due_at) * 1000);
    end if;
    if j.priority = 1000 /* Priority.later */ and j.due_at > p_now then
      return reasons || jsonb_build_object(
        'tag', 'Retries', 'what', 'preparing', 'attempt', j.attempts + 1,
        'at', extract(epoch from j.due_at) * 1000, 'failure', j.failure - 'pretty');
    end if;
    if j.priority = 1002 /* Priority.waiting */ then
      return reasons || jsonb_build_object(
        'tag', 'Sibling', 'others', jsonb_build_array(jsonb_build_object('id', j.elder)));
    end if;
    if pause is not null then return reasons; end if;
  end if;
  -- how many are before it, and no further than a thousand
  place := case
    when j.priority = 999 /* Priority.turns */ then (
      select count(*)
      from (
        select 1
        from jobs b
        where
          b.queue = j.queue and b.priority = 999 /* Priority.turns */
          and (b.own_priority, b.turn, b.id) < (j.own_priority, j.turn, j.id)
        order by b.own_priority desc, b.turn desc, b.id desc
        limit 1000
      ) b)
    when j.priority < 999 /* Priority.turns */ then (
      select count(*)
      from (
        select 1
        from jobs b
        where b.queue = j.queue and (b.priority, b.id) < (j.priority, j.id)
        order by b.priority desc, b.id desc
        limit 1000
      ) b) end;
  return reasons || jsonb_build_object(
    'tag', 'Due', 'queue', j.queue, 'since', extract(epoch from coalesce(j.due_at, j.enqueued_at)) * 1000,
    'place', place + 1, 'workers', why_served(j.queue, j.definition));
end $$;
