-- Whether an invocation that joins these named lanes could never go on (2.5 a): in one of them all who perform wait for
-- it.
-- For other functions only: it inherits their search path and their settings.
create function waits_for_itself(p_action uuid, p_lanes text[], out blocked text)
language plpgsql stable as $$
declare
  above uuid[] := array(select w from waiters_of(p_action) w);
begin
  if cardinality(above) = 0 then return; end if;
  select n.lane
  into blocked
  from named_lanes n
  where
    n.lane = any(p_lanes)
    and (
      select count(*) from seats p where p.lane = n.lane and p.seat is not null
    ) >= (n.settings ->> 'limit')::int
    and not exists (
      select 1 from seats p where p.lane = n.lane and p.seat is not null and p.action <> all(above))
  order by n.lane
  limit 1;
end $$;
