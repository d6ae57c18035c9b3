-- Takes invocations that this worker has prepared out of its hands, to join now: with the keys and arguments that they
-- have by now, or, where preparing has ended them, with their answer. One that somebody looks at, to wait for it or to
-- cancel it, is `blocked`: it is tried again.
-- For other functions only: it inherits their search path and their settings.
create function return_prepared(
  p_token bigint, p_prepared jsonb, out jobs_returned claimed_job[], out answers unstored_answer[], out places tid[],
  out blocked uuid[])
language plpgsql as $$
begin
  with x as (
    select
      action, job, queue, arguments, lane, lanes, checksum_key, checksum, timeout, status, result, cause, passes_by
    from jsonb_to_recordset(p_prepared) as x(
      action uuid, job bigint, queue text, arguments jsonb, lane text, lanes text[], checksum_key text, checksum text,
      timeout bigint,
      status smallint, result jsonb, cause jsonb, passes_by uuid)
  ),
  h as materialized (
    select
      row(
        j.ctid, j.id, j.queue, coalesce(j.own_priority, 0), 0 /* JobKind.invocation */, j.action, j.definition,
        j.actor_id, x.arguments, x.lane, x.checksum_key, x.checksum, x.timeout, j.parent, j.parent_step, j.depth,
        j.attempts, j.enqueued_at, j.ordered, coalesce(j.given, j.arguments), x.passes_by, null, true, j.tags, j.trace,
        j.delayed_until, x.lanes, j.started_by, j.started_by_step, j.retry_of
      )::claimed_job as j,
      x.status,
      x.result,
      x.cause
    from x
    cross join lateral (
      select
        j.ctid, j.id, j.queue, j.own_priority, j.action, j.definition, j.actor_id, j.parent, j.parent_step, j.depth,
        j.attempts, j.enqueued_at, j.ordered, j.given, j.arguments, j.tags, j.trace, j.delayed_until, j.started_by,
        j.started_by_step, j.retry_of
      from jobs j
      where j.queue = x.queue and j.priority = 1001 /* Priority.held */ and j.id = x.job and j.token = p_token
      for update skip locked
    ) j
  )
  select
    array_agg(h.j order by (h.j).id) filter (where h.status is null),
    coalesce(
      array_agg(row(h.j, h.status, h.result, h.cause, null, null)::unstored_answer order by (h.j).id)
        filter (where h.status is not null),
      '{}'),
    array_agg((h.j).place)
  into jobs_returned, answers, places
  from h;
  blocked := array(
    select j.action
    from jsonb_to_recordset(p_prepared) as x(job bigint, queue text)
    cross join lateral (
      select j.ctid, j.action
      from jobs j
      where j.queue = x.queue and j.priority = 1001 /* Priority.held */ and j.id = x.job and j.token = p_token
      offset 0
    ) j
    where (j.ctid = any(places)) is not true);
end $$;
