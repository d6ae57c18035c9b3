-- Jobs that the caller has locked, as values, in the order of their places; those that have left them are none.
-- For other functions only: it inherits their search path and their settings.
create function jobs_at(p_places tid[]) returns claimed_job[]
language plpgsql as $$
begin
  return (
    select array_agg(row(
      j.ctid, j.id, j.queue,
      case
        when
          j.priority = 999 /* Priority.turns */
          or j.priority = 1000 /* Priority.later */
          or j.priority = 1005 /* Priority.alone */
          then coalesce(j.own_priority, 0)
        else j.priority end,
      j.kind,
      j.action, j.definition, j.actor_id, j.arguments, j.lane, coalesce(j.checksum_key, j.lane), j.checksum,
      j.timeout_ms, j.parent,
      j.parent_step, j.depth, j.attempts, j.enqueued_at, j.ordered, j.given, j.passes_by, j.cancelled_at, j.prepared,
      j.tags, j.trace, j.delayed_until, j.lanes, j.started_by, j.started_by_step, j.retry_of
    )::claimed_job order by p.n)
    from unnest(p_places) with ordinality as p(place, n)
    join jobs j on j.ctid = p.place);
end $$;
