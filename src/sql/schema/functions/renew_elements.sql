-- Prolongs the leases of elements that are still under their tokens, also of one that is over, unless somebody has had
-- it wait again.
--
-- Locked are their rows, those that nobody has locked: what is just settled needs no lease. A crash before the commit
-- leaves the lease as it was.
create function renew_elements(element_number float8[], element_token uuid[], p_lease_ms float8)
returns void language plpgsql set search_path from current as $$
begin
  perform require_read_committed();
  with mine as materialized (
    select e.ctid as place
    from queue_elements e
    where e.number = any(element_number::bigint[]) and e.token = any(element_token)
    for update skip locked
  )
  update queue_elements e set lease_until = clock_timestamp() + p_lease_ms * interval '1 millisecond'
  from mine m
  where e.ctid = m.place;
end $$;
