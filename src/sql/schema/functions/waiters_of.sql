-- Everyone who may wait, directly or not, for one of these actions: parents through open slots, and whoever waits in
-- the lanes in which they perform. Of named lanes it is all who wait there, also for one who waits before others of
-- them; `deadlock_among` is exact. `p_asks` waits for them, too. `p_lanes` are those in which they themselves stand
-- before others. With a limit, not more than so many actions and named lanes are looked at, and each lane is a null,
-- so that the number of rows says whether there are more.
create function waiters_of(
  p_ids uuid[], p_limit int default null, p_lanes text[] default null, p_asks uuid default null)
returns setof uuid
language sql stable set search_path from current set enable_seqscan = off as $$
  with recursive up(id, lane) as (
    select * from (
      select action, null::text collate "C" from slots where child = any(p_ids) and status is null
      union all
      select null, l from unnest(p_lanes) l
      union all
      select p_asks, null where p_asks is not null
    ) x
    union
    select n.id, n.lane
    from up, lateral (
      select s.action as id, null::text collate "C" as lane from slots s where s.child = up.id and s.status is null
      union all
      select x.id, x.lane
      from live_actions c, lateral (
        select p.id, null::text collate "C" as lane
        from live_actions p
        where c.seat = 0 /* Seat.performing */ and p.lane = c.lane and p.seat < 0 /* Seat.performing */
        union all
        select null, m.lane from seats m where c.lane is null and m.action = c.id and (m.seat is not null or m.several)
      ) x
      where c.id = up.id
      union all
      select w.action, null from seats w where w.lane = up.lane and w.seat is null
      union all
      select w.id, null from live_actions w where w.lane = up.lane and w.seat < 0 /* Seat.performing */
    ) n
  )
  select id from (select up.id from up limit p_limit) u where id is not null or p_limit is not null
$$;
