-- Everyone for whom an action may wait, directly or not, that waits for this one or in these lanes: those who perform
-- there, the children that they wait for, and so on. Of named lanes also those who wait there and elsewhere, too.
-- Limited as `waiters_of` is.
create function waited_for_by(p_id uuid, p_lanes text[], p_limit int) returns setof uuid
language sql stable set search_path from current set enable_seqscan = off as $$
  with recursive down(id, lane) as (
    select * from (
      select p_id, null::text collate "C" where p_id is not null
      union all
      select null, l from unnest(p_lanes) l
    ) x
    union
    select n.id, n.lane
    from down, lateral (
      select x.id, x.lane
      from live_actions w, lateral (
        select s.child as id, null::text collate "C" as lane
        from slots s
        where
          w.status = 1 /* Status.performing */ and s.action = w.id and s.step = w.step and s.status is null
          and s.child is not null
        union all
        select null, w.lane where w.seat < 0 /* Seat.performing */
        union all
        select null, m.lane from seats m where w.lane is null and m.action = w.id and m.seat is null
      ) x
      where w.id = down.id
      union all
      select p.id, null from live_actions p where p.lane = down.lane and p.seat = 0 /* Seat.performing */
      union all
      select p.action, null from seats p where p.lane = down.lane and p.seat is not null
      union all
      select p.action, null from seats p where p.lane = down.lane and p.seat is null and p.several
    ) n
  )
  select id from down limit p_limit
$$;
