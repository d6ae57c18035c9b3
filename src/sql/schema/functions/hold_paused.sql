-- Invocations that a claim has met and that are paused stay in the queue, out of its order, so that the next claims
-- need not step over them; the others may be taken. Who is cancelled, and what is tried again, goes on.
-- For other functions only: it inherits their search path and their settings.
create function hold_paused(p_jobs claimed_job[], out jobs_left claimed_job[], out places_left tid[])
language plpgsql as $$
declare
  held tid[];
begin
  select
    array_agg(x.j order by x.n) filter (where not x.is_held),
    array_agg((x.j).place order by x.n) filter (where not x.is_held),
    array_agg((x.j).place) filter (where x.is_held)
  into jobs_left, places_left, held
  from (
    select
      j,
      row_number() over () as n,
      j.kind = 0 /* JobKind.invocation */
        and j.cancelled_at is null
        and j.attempts = 0
        and is_paused(null, j.queue, j.definition) as is_held
    from unnest(p_jobs) j
  ) x;
  update jobs
  set priority = 1004 /* Priority.paused */, token = null, due_at = null, elder = null
  where ctid = any(held);
end $$;
