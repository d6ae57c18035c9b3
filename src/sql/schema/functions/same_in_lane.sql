-- The live action that an invocation joins in its lane (2.5 b): one that performs or waits there with the same
-- checksum. Nobody joins what is being undone.
-- For other functions only: it inherits their search path and their settings.
create function same_in_lane(p_job claimed_job) returns uuid
language plpgsql stable as $$
begin
  return (
    select l.id
    from live_actions l
    where
      l.lane = p_job.lane
      and l.seat in (-1 /* Seat.pending */, 0 /* Seat.performing */)
      and coalesce(l.checksum_key, l.lane) = p_job.checksum_key
      and l.checksum = p_job.checksum
      and not (l.flags & 64 /* Flag.compensates */ <> 0 and coalesce(l.outcome, 2) <> 2 /* Status.succeeded */)
    order by l.seat desc
    limit 1);
end $$;
