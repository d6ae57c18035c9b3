-- Locks the jobs that a claim takes: the one of `p_only`; else those that are due, then the first of each queue, as
-- many as there is room for in number and in bytes (`is_full`: in bytes). They stay in their places until it is known
-- what becomes of them. `p_after` says for a queue and a priority up to which id this worker has taken its invocations
-- in the last moment: what died there has to be stepped over, one by one, as long as some old snapshot might see it;
-- `last_ids` say it of this one, if it was not all there was. Rows are built of what is taken alone: to build one is to
-- read its arguments.
-- Of a queue that is paused only what comes before the invocations in their order is taken (`p_is_pausing`: something
-- is), and what is paused of all of them is left.
-- For other functions only: it inherits their search path and their settings.
create function take_jobs(
  p_token bigint, p_now timestamptz, p_room int, p_queues text[], p_definitions text[], p_only uuid, p_after jsonb,
  p_is_pausing boolean,
  out jobs_taken claimed_job[], out places tid[], out taken int, out is_full boolean, out last_ids json)
language plpgsql as $$
declare
  total_bytes bigint := 0;
  due claimed_job[];
  due_places tid[];
  paused text[] := case when p_is_pausing then array(
    select q from unnest(p_queues) q where is_paused(null, q, null)) end;
begin
  is_full := false;
  if p_only is not null then
    select
      array_agg(row(
        c.place, c.id, c.queue, c.priority, c.kind, c.action, c.definition, c.actor_id, c.arguments, c.lane,
        c.checksum_key, c.checksum, c.timeout_ms, c.parent, c.parent_step, c.depth, c.attempts, c.enqueued_at,
        c.ordered, c.given, c.unread, c.cancelled_at, c.prepared, c.tags, c.delayed_until, c.lanes
      )::claimed_job),
      array_agg(c.place),
      count(*)
    into jobs_taken, places, taken
    from (
      select
        j.ctid as place, j.id, j.queue, j.priority, j.kind, j.action, j.definition, j.actor_id, j.arguments, j.lane,
        j.checksum_key, j.checksum, j.timeout_ms, j.parent, j.parent_step, j.depth, j.attempts, j.enqueued_at,
        j.ordered, j.given, j.unread, j.cancelled_at, j.prepared, j.tags, j.delayed_until, j.lanes
      from jobs j
      where
        j.action = p_only
        and j.kind = 0 /* JobKind.invocation */
        and j.definition = any(p_definitions)
        and (j.token is null or j.token = p_token)
      for update skip locked
    ) c;
    if p_is_pausing then
      select h.jobs_left, h.places_left into jobs_taken, places from hold_paused(jobs_taken) h;
    end if;
    return;
  end if;

  -- by due_at alone (an expression of the queue has no index): by the queue's key it would read the whole queue
  select
    array_agg(row(
      b.place, b.id, b.queue, coalesce(b.own_priority, 0), b.kind, b.action, b.definition, b.actor_id, b.arguments,
      b.lane, b.checksum_key, b.checksum, b.timeout_ms, b.parent, b.parent_step, b.depth, b.attempts, b.enqueued_at,
      b.ordered, b.given, b.unread, b.cancelled_at, b.prepared, b.tags, b.delayed_until, b.lanes
    )::claimed_job order by b.due_at, b.id),
    array_agg(b.place),
    count(*),
    coalesce(sum(b.bytes), 0)
  into due, due_places, taken, total_bytes
  from (
    select c.*, sum(c.bytes) over (rows unbounded preceding) - c.bytes as before
    from (
      select
        j.ctid as place, j.id, j.queue, j.priority, j.kind, j.action, j.definition, j.actor_id, j.arguments, j.lane,
        j.checksum_key, j.checksum, j.timeout_ms, j.parent, j.parent_step, j.depth, j.attempts, j.enqueued_at,
        j.ordered, j.given, j.unread, j.cancelled_at, j.prepared, j.tags, j.delayed_until, j.lanes, j.own_priority,
        j.due_at,
        weight(j.arguments) as bytes
      from jobs j
      where
        j.priority = 1000 /* Priority.later */
        and j.due_at <= p_now
        and j.definition = any(p_definitions)
        and j.queue || '' = any(p_queues)
      order by j.due_at
      limit p_room
      for update skip locked
    ) c
  ) b
  where b.before < 16777216 /* answering */;

  if taken < p_room and total_bytes < 16777216 /* answering */ then
    select
      array_agg(row(
        b.place, b.id, b.queue, b.priority, b.kind, b.action, b.definition, b.actor_id, b.arguments, b.lane,
        b.checksum_key, b.checksum, b.timeout_ms, b.parent, b.parent_step, b.depth, b.attempts, b.enqueued_at,
        b.ordered, b.given, b.unread, b.cancelled_at, b.prepared, b.tags, b.delayed_until, b.lanes
      )::claimed_job order by b.priority, b.id),
      array_agg(b.place),
      taken + count(*),
      total_bytes + coalesce(sum(b.bytes), 0)
    into jobs_taken, places, taken, total_bytes
    from (
      select c.*, sum(c.bytes) over (rows unbounded preceding) - c.bytes as before
      from (
        select l.*
        from unnest(p_queues) q(name)
        cross join lateral (
          -- behind each place to which the last claims have come, as far as the next one
          select
            k.priority,
            k.passed,
            case
              when q.name = any(paused) then -1000 /* Priority.first */ + 1
              else lead(k.priority, 1, 1000 /* Priority.later */::smallint) over (order by k.priority) end
          from (
            select -1000 /* Priority.first */::smallint as priority, -1::bigint as passed
            union all
            select p.key::smallint, p.value::bigint
            from jsonb_each_text(p_after -> q.name) p
            where (q.name = any(paused)) is not true
          ) k
        ) k(priority, passed, below)
        cross join lateral (
          select
            j.ctid as place, j.id, j.queue, j.priority, j.kind, j.action, j.definition, j.actor_id, j.arguments, j.lane,
            j.checksum_key, j.checksum, j.timeout_ms, j.parent, j.parent_step, j.depth, j.attempts, j.enqueued_at,
            j.ordered, j.given, j.unread, j.cancelled_at, j.prepared, j.tags, j.delayed_until, j.lanes,
            weight(j.arguments) as bytes
          from jobs j
          where
            j.queue = q.name
            and (j.priority, j.id) > (k.priority, k.passed)
            and j.priority < k.below
            and j.definition = any(p_definitions)
          order by j.priority, j.id
          limit p_room - taken
          for update skip locked
        ) l
        limit p_room - taken
      ) c
    ) b
    where b.before < 16777216 /* answering */ - total_bytes;
  end if;
  is_full := total_bytes >= 16777216 /* answering */;
  if is_full or taken >= p_room then
    last_ids := (
      select json_object_agg(x.queue, x.passed)
      from (
        select l.queue, json_object_agg(l.priority, l.last) as passed
        from (
          select j.queue, j.priority, max(j.id) as last
          from unnest(jobs_taken) j
          where j.priority > -1000 /* Priority.first */
          group by j.queue, j.priority
        ) l
        group by l.queue
      ) x);
  end if;
  jobs_taken := due || jobs_taken;
  places := due_places || places;
  if p_is_pausing then select h.jobs_left, h.places_left into jobs_taken, places from hold_paused(jobs_taken) h; end if;
end $$;
