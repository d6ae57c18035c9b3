-- The named lanes whose first in line nothing pauses any more.
-- For other functions only: it inherits their search path and their settings.
create function resumable_lanes() returns setof text
language plpgsql stable as $$
begin
  return query
    select n.lane
    from named_lanes n
    where
      n.paused
      and not coalesce(
        waits_for_pause((
          select s.action from seats s where s.lane = n.lane and s.seat is null order by s.priority, s.place limit 1)),
        false);
end $$;
