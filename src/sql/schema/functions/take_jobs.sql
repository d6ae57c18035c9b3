-- Locks the jobs that a claim takes: the one of `p_only`, an invocation or what this worker has reserved; else those
-- that are due, then the first of each queue, as many as there is room for in number and in bytes (`is_full`: in
-- bytes). They stay in their `places` until it is known what becomes of them. `p_after` says for a queue and a priority
-- up to which id this worker has taken its invocations in the last moment: what died there has to be stepped over, one
-- by one, as long as some old snapshot might see it; `last_ids` say it of this one, if it was not all there was.
-- `is_plain`: all that is to be done with them is to start them in their `lanes`, and to erase what was achieved under
-- their `keys`. Of a queue that is paused only what comes before the invocations in their order is taken, and what is
-- cancelled, wherever it stands (`p_is_pausing`: something is paused). Tenants that take turns are looked for where the
-- worker knows of any (`p_in_turns`).
-- For other functions only: it inherits their search path and their settings.
create function take_jobs(
  p_token bigint, p_now timestamptz, p_room int, p_queues text[], p_definitions text[], p_prepare boolean[],
  p_only uuid, p_after jsonb, p_is_pausing boolean, p_in_turns boolean, out places tid[], out taken int,
  out is_full boolean, out last_ids json, out is_plain boolean, out lanes text[], out keys text[])
language plpgsql as $$
declare
  due_places tid[];
  -- of queues that are paused
  cancelled_places tid[];
  total_bytes bigint := 0;
  with_these bigint;
  -- of those in their order
  first_priority smallint;
  last_priority smallint;
  last_id bigint;
  paused text[] := case when p_is_pausing then array(
    select q from unnest(p_queues) q where is_paused(null, q, null)) end;
begin
  is_full := false;
  is_plain := false;
  if p_only is not null then
    select o.places, o.taken into places, taken from take_one(p_token, p_only, p_definitions) o;
    return;
  end if;

  -- by due_at alone (an expression of the queue has no index): by the queue's key it would read the whole queue
  select array_agg(b.place order by b.due_at, b.id), count(*), coalesce(sum(b.bytes), 0)
  into due_places, taken, total_bytes
  from (
    select c.place, c.id, c.due_at, c.bytes, sum(c.bytes) over (rows unbounded preceding) - c.bytes as before
    from (
      select j.ctid as place, j.id, j.due_at, weight(j.arguments) as bytes
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
      array_agg(c.place order by c.priority, c.id), taken + count(*), total_bytes + coalesce(sum(c.bytes), 0),
      due_places is null and not p_is_pausing and coalesce(bool_and(c.is_plain), false), array_agg(c.lane),
      array_agg(coalesce(c.checksum_key, c.lane)), min(c.priority), max(c.priority), max(c.id)
    into places, taken, with_these, is_plain, lanes, keys, first_priority, last_priority, last_id
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
            else lead(k.priority, 1, 999 /* Priority.turns */::smallint) over (order by k.priority) end
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
          j.ctid as place, j.priority, j.id, weight(j.arguments) as bytes, j.lane, j.checksum_key,
          j.kind = 0 /* JobKind.invocation */
            and j.lane is not null
            and j.checksum is null
            and j.ordered is not true
            and j.cancelled_at is null and j.started_by is null and j.retry_of is null
            and coalesce(j.prepared, not p_prepare[array_position(p_definitions, j.definition)]) as is_plain
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
    ) c;
    -- which of them there is room for is asked only where they take too much
    if with_these >= 16777216 /* answering */ then
      select array_agg(b.place order by b.n)
      into places
      from (
        select p.place, p.n, sum(weight(j.arguments)) over (order by p.n) - weight(j.arguments) as before
        from unnest(places) with ordinality as p(place, n)
        join jobs j on j.ctid = p.place
      ) b
      where b.before < 16777216 /* answering */ - total_bytes;
      taken := coalesce(cardinality(due_places), 0) + cardinality(places);
      is_plain := false;
      last_id := null;
    end if;
    if p_in_turns and exists (
      select 1 from jobs j where j.priority = 999 /* Priority.turns */ and j.queue = any(p_queues)
    ) then
      select
        t.places, coalesce(cardinality(due_places), 0) + t.taken, total_bytes + t.bytes
      into places, taken, with_these
      from take_turns(
        places, p_room - coalesce(cardinality(due_places), 0), 16777216 /* answering */ - total_bytes,
        array(select q from unnest(p_queues) with ordinality x(q, n) where (q = any(paused)) is not true order by n),
        p_definitions) t;
      -- what is only started begins in the order of numbers
      is_plain := false;
      last_id := null;
    end if;
    total_bytes := with_these;
  end if;
  if cardinality(paused) > 0 and taken < p_room and total_bytes < 16777216 /* answering */ then
    select t.locked, taken + t.count, total_bytes + t.size
    into cancelled_places, taken, total_bytes
    from take_cancelled(paused, p_definitions, p_room - taken, 16777216 /* answering */ - total_bytes) t;
  end if;
  is_full := total_bytes >= 16777216 /* answering */;
  if is_full or taken >= p_room then
    if cardinality(p_queues) = 1 and first_priority = last_priority and last_id is not null then
      if first_priority > -1000 /* Priority.first */ then
        last_ids := json_build_object(p_queues[1], json_build_object(first_priority, last_id));
      end if;
    else
      last_ids := (
        select json_object_agg(x.queue, x.passed)
        from (
          select l.queue, json_object_agg(l.priority, l.last) as passed
          from (
            select j.queue, j.priority, max(j.id) as last
            -- grouped in the order of the queue's key, all of it would be read
            from (select j.queue, j.priority, j.id from jobs j where j.ctid = any(places) offset 0) j
            where j.priority > -1000 /* Priority.first */ and j.priority < 999 /* Priority.turns */
            group by j.queue, j.priority
          ) l
          group by l.queue
        ) x);
    end if;
  end if;
  places := due_places || places || cancelled_places;
end $$;
