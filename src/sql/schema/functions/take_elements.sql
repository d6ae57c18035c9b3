-- Takes elements of a queue that are due, those first that are due longest, under a token of this time alone: at most
-- so many. Where there is none, gives when the next one is due, in a row with nothing else. What was taken so often
-- that it is not to be taken again is failed. Whoever asks with a token again, as its answer was lost, is given what
-- was taken under that.
--
-- Before that it has those wait again whose takers are silent for longer than their lease, as they have died: each look
-- for something to take looks for these, too, so that nobody else has to. Locked are the rows that it changes, those
-- that nobody has locked (who settles or renews one just now comes first). A crash before the commit has taken nothing;
-- after it nobody renews them, and they wait again once the lease is over, with the attempt that has begun.
create function take_elements(
  p_now timestamptz, p_queue text, p_token uuid, p_count int, p_attempts int, p_lease_ms float8)
returns table (number float8, id text, element text, attempts int, next_at timestamptz)
language plpgsql set search_path from current as $$
begin
  perform require_read_committed();
  return query
  select e.number::float8, e.id, e.element, e.attempts, null::timestamptz
  from queue_elements e
  where e.token = p_token
  order by e.due_at, e.number;
  if found then return; end if;
  with late as materialized (
    select e.ctid as place, e.attempts >= p_attempts as is_spent
    from queue_elements e
    where e.queue = p_queue and e.state = 1 /* ElementState.taken */ and e.lease_until < clock_timestamp()
    order by e.lease_until
    limit 100
    for update skip locked
  )
  update queue_elements e
  set
    state = case when l.is_spent then 3 /* ElementState.failed */ else 0 /* ElementState.waiting */ end,
    token = null,
    lease_until = null,
    failure = case when l.is_spent then coalesce(e.failure, 'its taker died in the last attempt') else e.failure end,
    ended_at = case when l.is_spent then p_now end
  from late l
  where e.ctid = l.place;
  return query
  with due as materialized (
    select e.ctid as place, e.attempts >= p_attempts as is_spent
    from queue_elements e
    where e.queue = p_queue and e.state = 0 /* ElementState.waiting */ and e.due_at <= p_now
    order by e.due_at, e.number
    limit p_count
    for update skip locked
  ),
  spent as (
    update queue_elements e
    set
      state = 3 /* ElementState.failed */,
      failure = coalesce(e.failure, 'no attempt is left'),
      ended_at = p_now
    from due d
    where e.ctid = d.place and d.is_spent
  ),
  taken as (
    update queue_elements e
    set
      state = 1 /* ElementState.taken */,
      token = p_token,
      attempts = e.attempts + 1,
      lease_until = clock_timestamp() + p_lease_ms * interval '1 millisecond'
    from due d
    where e.ctid = d.place and not d.is_spent
    returning e.number, e.id, e.element, e.attempts, e.due_at
  )
  select t.number::float8, t.id, t.element, t.attempts, null::timestamptz
  from taken t
  order by t.due_at, t.number;
  if found then return; end if;
  return query
  select null::float8, null::text, null::text, null::int, e.due_at
  from queue_elements e
  where e.queue = p_queue and e.state = 0 /* ElementState.waiting */
  order by e.due_at
  limit 1;
end $$;
