-- Whom a newcomer in this lane, or in these named lanes, would end: who waits there and would be superseded, or
-- performs and would be cancelled; and in which of them. At most one.
-- For other functions only: it inherits their search path and their settings.
create function newcomer_ends(p_lane text, p_lanes text[]) returns table (action uuid, lane text)
language plpgsql stable as $$
#variable_conflict use_column
begin
  if p_lanes is null then
    return query
      select l.id, l.lane
      from live_actions l
      where
        l.lane = p_lane
        and (
          l.seat = -1 /* Seat.pending */
          or (l.seat = 0 /* Seat.performing */ and l.status = 0 /* Status.pending */ and l.unwinds is null))
      limit 1;
    return;
  end if;
  return query
    select s.action, n.lane
    from named_lanes n
    cross join lateral (select s.action, s.seat, s.place from seats s where s.lane = n.lane offset 0) s
    cross join lateral (select l.unwinds, l.outcome from live_actions l where l.id = s.action offset 0) l
    where
      n.lane = any(p_lanes)
      and l.unwinds is null
      and (
        (s.seat is null and n.settings ->> 'whenBusy' in ('supersede', 'cancelRunning'))
        or (
          s.seat is not null
          and n.settings ->> 'whenBusy' = 'cancelRunning'
          and l.outcome is null
          and (select count(*) from seats p where p.lane = n.lane and p.seat is not null)
            >= (n.settings ->> 'limit')::int))
    order by s.seat nulls first, s.place
    limit 1;
end $$;
