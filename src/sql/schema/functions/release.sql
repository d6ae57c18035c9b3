-- Gives back what a worker holds, without burning an attempt: live actions get a job, held invocations return to the queue.
create function release(p_token bigint, p_actions uuid[], p_now timestamptz) returns void
language plpgsql set search_path from current as $$
begin
  perform require_read_committed();
  update jobs set priority = 10 /* Priority.inOrder */, token = null
  where ctid = any(array(
    select ctid from jobs
    where action = any(p_actions) and kind = 0 /* JobKind.invocation */ and priority = 101 /* Priority.held */ and token = p_token
    for update skip locked));
  -- locked in the order of their lanes, one look-up after another
  with l as (
    select l.tid
    from (
      select x.id, (select l.lane from live_actions l where l.id = x.id) as lane
      from unnest(p_actions) x(id) order by lane offset 0
    ) x
    cross join lateral (
      select l.ctid as tid from live_actions l where l.id = x.id and l.token = p_token for update
    ) l
  ),
  u as (
    update live_actions set token = null
    where ctid = any(array(select tid from l))
    returning id, queue, definition, actor_id
  )
  insert into jobs (queue, priority, kind, action, definition, actor_id, enqueued_at)
  select queue, 0 /* Priority.first */, 1 /* JobKind.continuation */, id, definition, actor_id, p_now from u;
end $$;
