-- Who is handed what follows from a decision: nobody whose lease is over. The decision itself counts, and what follows
-- gets jobs.
-- For other functions only: it inherits their search path and their settings.
create function leased(p_token bigint) returns bigint
language plpgsql as $$
begin
  perform 1 from workers where token = p_token and lease_until > clock_timestamp() for key share;
  return case when found then p_token end;
end $$;
