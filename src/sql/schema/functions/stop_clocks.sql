-- Deletes the jobs of clocks that are to ring for executions that have ended: they would wait in the queue for as long
-- as the clocks were set. They are found by their times. One that somebody has just taken wakes nobody.
-- For other functions only: it inherits their search path and their settings.
create function stop_clocks(p_ended uuid[]) returns void
language plpgsql as $$
begin
  delete from jobs
  where ctid = any(array(
    select j.place
    from unnest(p_ended) e(id)
    cross join lateral (
      select distinct s.sent_at from signals s where s.action = e.id and s.to_ring offset 0
    ) s
    cross join lateral (
      select j.ctid as place
      from jobs j
      where
        j.priority = 1000 /* Priority.later */ and j.due_at = s.sent_at and j.action = e.id
        and j.kind = 2 /* JobKind.signal */
      for update skip locked
    ) j));
end $$;
