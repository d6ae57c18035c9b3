-- The other lanes of those who are first in the lines of these lanes. Read without a lock: what has changed meanwhile
-- is taken with SKIP LOCKED.
-- For other functions only: it inherits their search path and their settings.
create function lanes_behind(p_lanes text[]) returns text[]
language plpgsql stable as $$
begin
  return array(
    select distinct o.lane
    from (select distinct unnest(p_lanes) as lane) x
    cross join lateral (
      select w.action from seats w where w.lane = x.lane and w.seat is null order by w.priority, w.place limit 1
    ) w
    cross join lateral (select o.lane from seats o where o.action = w.action offset 0) o
    where o.lane <> all(p_lanes));
end $$;
