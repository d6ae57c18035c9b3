-- Whether a worker that lives declares a schedule with this hash: its own process fires it.
-- For other functions only: it inherits their search path and their settings.
create function is_declared(p_hash text) returns boolean language plpgsql stable as $$
begin
  return exists (
    select 1 from workers w where w.schedules @> array[p_hash] and w.lease_until > clock_timestamp());
end $$;
