-- The one search for waiting (2.5 a, 15.9): the cycle in which an action waits for itself, null where there is none. It
-- performs, or waits in its lanes already, or asks before it does: then `p_lanes` are those that it would join, with
-- their limits; `p_turn` where it would stand in their lines, null where it would take the place of who waits there; or
-- `p_joined` is the action that it would join. Who waits for it is looked for first, as that is mostly one parent and
-- its parents; if they are many, for whom it waits; whichever is known as a whole decides. Beyond `p_edges` in both
-- directions it is `undecided`, and the sweep's.
-- For other functions only: it inherits their search path and their settings.
create function deadlock_of(
  p_id uuid, p_lanes text[] default null, p_limits int[] default null, p_turn bigint default null,
  p_joined uuid default null, p_edges int default 10000, p_rounds int default 250, out cycle jsonb,
  out undecided boolean)
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
  end if;
  foreach size in array array[least(1000, p_edges), p_edges] loop
    among := array(select w from waiters_of(p_id, size, held) w);
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
    from deadlock_among(p_id, p_lanes, p_limits, p_turn, p_joined, among, p_rounds) d;
    return;
  end loop;
  undecided := true;
end $$;
