-- An action that has waited performs: it gets the lowest free seat in each of its named lanes, and the limit that it is
-- admitted under; where a rate counts starts, it is one. Their times never go backwards, whatever the clocks of
-- workers.
-- For other functions only: it inherits their search path and their settings.
create function take_seats(p_now timestamptz, p_action uuid) returns void
language plpgsql as $$
begin
  update seats s
  set
    seat = case
      when not exists (select 1 from seats z where z.lane = s.lane and z.seat = 0 /* Seat.performing */ offset 0) then 0
      else (
        select p.seat + 1
        from seats p
        where
          p.lane = s.lane
          and p.seat is not null
          and not exists (select 1 from seats q where q.lane = p.lane and q.seat = p.seat + 1 offset 0)
        order by p.seat
        limit 1) end,
    "limit" = (n.settings ->> 'limit')::int,
    due_at = null
  from named_lanes n
  where s.action = p_action and n.lane = any(array(select w.lane from seats w where w.action = p_action))
    and n.lane = s.lane;
  update named_lanes n
  set starts = (n.starts || greatest(p_now, n.starts[cardinality(n.starts)]))[
    greatest(1, coalesce(cardinality(n.starts), 0) + 2 - (n.settings ->> 'rate')::int):]
  from seats s
  where
    s.action = p_action
    and n.lane = any(array(select w.lane from seats w where w.action = p_action))
    and n.lane = s.lane
    and n.settings ? 'rate'
    -- what unwinds one that has ended is no start
    and s.priority > -1000 /* Priority.first */;
end $$;
