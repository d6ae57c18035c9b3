-- Pending actions that somebody waits for, and who performs in their lanes: in a circle of waiting there is one of
-- these. In any order, so that with more of them than one call looks at, each has its turn.
-- For other functions only: it inherits their search path. No index leads to them, and nothing else has to be read as a
-- whole.
create function blocked_pending(p_limit int) returns table (id uuid, lane text, performing uuid)
language plpgsql stable set enable_seqscan = on set enable_hashjoin = on as $$
#variable_conflict use_column
begin
  return query
    select w.id, w.lane, c.id
    from live_actions w
    join live_actions c on c.lane = w.lane and c.seat = 0 /* Seat.performing */
    where
      w.seat = -1 /* Seat.pending */
      and w.outcome is null
      and exists (select 1 from slots o where o.child = w.id and o.status is null)
    order by random()
    limit p_limit;
end $$;
