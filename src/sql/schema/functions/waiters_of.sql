-- Everyone who waits, directly or not, for this action: parents through open slots, and whoever is pending behind them
-- in their lanes.
create function waiters_of(p_id uuid) returns setof uuid
language sql stable set search_path from current set enable_seqscan = off as $$
  with recursive up(id) as (
    select action from slots where child = p_id and status is null
    union
    select n.id
    from up, lateral (
      select s.action as id from slots s where s.child = up.id and s.status is null
      union all
      select p.id
      from live_actions c
      join live_actions p on p.lane = c.lane and p.seat = -1 /* Seat.pending */
      where c.id = up.id and c.seat = 0 /* Seat.performing */
    ) n
  )
  select id from up
$$;
