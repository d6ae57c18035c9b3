-- What nothing pauses any more goes on, some at a time: invocations stand in their queues again, the first of each lane
-- performs, by a job; lines of named lanes are due, and looked at by `tick`. Gives how many; what
-- somebody has locked is left for the next call.
-- For other functions only: it inherits their search path and their settings.
create function resume_paused(p_now timestamptz, p_limit int) returns int
language plpgsql as $$
declare
  v_count int;
  v_lanes int;
  ids uuid[];
begin
  update jobs
  set priority = coalesce(own_priority, 0)
  where ctid = any(array(
    select j.place
    from resumable() r
    cross join lateral (
      select j.ctid as place
      from jobs j
      where j.priority = 1004 /* Priority.paused */ and j.queue = r.queue and j.definition = r.definition
      order by j.id
      limit p_limit
      for update skip locked
    ) j
    limit p_limit));
  get diagnostics v_count = row_count;
  ids := array(
    select id
    from live_actions
    where
      seat = 0 /* Seat.performing */
      and status = 0 /* Status.pending */
      and not is_paused(lane, queue, definition)
    order by lane
    limit p_limit
    for update skip locked);
  if cardinality(ids) > 0 then
    perform 1
    from achievements
    where checksum_key = any(array(select checksum_key from live_actions where id = any(ids)))
    order by checksum_key
    for update;
    delete from achievements
    where checksum_key = any(array(select checksum_key from live_actions where id = any(ids)));
    perform promote(null, p_now, '{}', '{}', '{}', ids);
  end if;
  update named_lanes
  set due_at = p_now, paused = null
  where lane = any(array(
    select n.lane
    from named_lanes n
    where n.paused and n.lane = any(array(select x from resumable_lanes() x limit p_limit))
    order by n.lane
    for update skip locked));
  get diagnostics v_lanes = row_count;
  return v_count + cardinality(ids) + v_lanes;
end $$;
