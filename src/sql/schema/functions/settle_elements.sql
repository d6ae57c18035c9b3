-- Says what has come of elements that were taken: they are completed, failed, wait again until `element_due`, or, where
-- that is null, are given back as if they had not been taken. Of one that is not under its token any more, as its lease
-- was over, nothing is changed: another attempt says what comes of it.
--
-- Locked are their rows, in the order of their numbers, in one pass that waits for those who renew them. A crash before
-- the commit has settled nothing, and they wait again once the lease is over: so what was processed may be processed
-- again. Settled twice, as the first answer was lost, it is settled once: its token is gone.
create function settle_elements(
  p_now timestamptz, element_number float8[], element_token uuid[], element_state smallint[],
  element_due timestamptz[], element_failure text[])
returns void language plpgsql set search_path from current as $$
begin
  perform require_read_committed();
  with mine as materialized (
    select e.ctid as place, e.number, e.token
    from queue_elements e
    where e.number = any(element_number::bigint[])
    order by e.number
    for update
  )
  update queue_elements e
  set
    state = s.state,
    token = null,
    lease_until = null,
    attempts = e.attempts - case when s.state = 0 /* ElementState.waiting */ and s.due is null then 1 else 0 end,
    due_at = coalesce(s.due, e.due_at),
    failure = coalesce(s.failure, e.failure),
    ended_at = case when s.state <> 0 /* ElementState.waiting */ then p_now end
  from mine m
  join unnest(element_number, element_token, element_state, element_due, element_failure)
    s(number, token, state, due, failure) on s.number = m.number and s.token = m.token
  where e.ctid = m.place;
end $$;
