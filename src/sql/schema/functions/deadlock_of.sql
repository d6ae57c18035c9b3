-- The one search for waiting (2.5 a, 15.9): the cycle in which an action waits for itself, null where there is none.
-- It performs, or waits in its lanes already, or asks before it does: then `p_lanes` are those that it would join,
-- with their limits; `p_turns` where it would stand in their lines, null where it would take the place of who waits
-- there: those are `p_inherited`, if whoever waits for them would wait for it, and `p_told`, if not. Or `p_joined` is
-- the action that it would join. `p_asks` would wait for it, being the parent of what nobody has enqueued. Who waits
-- for it is looked for first, as that is mostly one parent and its parents; if they are many, for whom it waits;
-- whichever is known as a whole decides. Beyond `p_edges` in both directions it is `undecided`, and the sweep's.
-- For other functions only: it inherits their search path and their settings.
create function deadlock_of(
  p_id uuid, p_lanes text[] default null, p_limits int[] default null, p_turns bigint[] default null,
  p_joined uuid default null, p_inherited uuid[] default '{}', p_told uuid[] default '{}', p_edges int default 10000,
  p_rounds int default 250, p_asks uuid default null, out cycle jsonb, out undecided boolean)
language plpgsql stable as $$
declare
  size int;
  among uuid[];
  held text[];
begin
  undecided := false;
  if p_lanes is null and p_joined is null then
    held := array(
      select l.lane from live_actions l where l.id = p_id and l.seat = 0 /* Seat.performing */
      union all
      select m.lane from seats m where m.action = p_id and (m.several or m.seat is not null));
  elsif cardinality(p_lanes) > 1 then
    -- in line it may stand before others, whom it holds up while it waits in another lane
    held := array(
      select l.lane
      from unnest(p_lanes, p_turns) l(lane, turn)
      where
        l.turn < (
          select turn_of(b.priority, b.place)
          from seats b
          where b.lane = l.lane and b.seat is null
          order by b.priority desc, b.place desc
          limit 1));
  end if;
  foreach size in array array[least(1000, p_edges), p_edges] loop
    among := array(select w from waiters_of(p_id || p_inherited, size, held, p_asks) w);
    if cardinality(among) < size then
      -- mostly nobody who waits for it is in its way, and one look says so
      if p_lanes is null then
        if (coalesce(p_joined, p_id) = any(among)) is not true then return; end if;
      elsif not exists (
          select 1
          from live_actions l
          where l.lane = any(p_lanes) and l.seat = 0 /* Seat.performing */ and l.id = any(among))
        and not exists (
          select 1
          from seats s
          where s.action = any(among) and s.lane = any(p_lanes) and (s.seat is not null or s.several))
      then
        return;
      end if;
    else
      among := array(
        select w from waited_for_by(case when p_lanes is null then coalesce(p_joined, p_id) end, p_lanes, size) w);
      continue when cardinality(among) >= size;
    end if;
    select d.cycle, d.undecided
    into cycle, undecided
    from deadlock_among(p_id, p_lanes, p_limits, p_turns, p_joined, p_inherited, p_told, among, p_rounds, p_asks) d;
    return;
  end loop;
  undecided := true;
end $$;
