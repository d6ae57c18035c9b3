-- Who is cancelled for a newcomer in a lane that cancels, which takes so many: whoever has performed there longest;
-- where the lane's limit was lowered, as many as it takes for a seat to be free. Nobody is if one will be without
-- that: a seat is free, or somebody is ending there already. Nobody who could not end before the newcomer does is:
-- that is a deadlock. Who waits for `p_inherited`, and who only asks (`p_asks`), would wait for the newcomer.
-- For other functions only: it inherits their search path and their settings.
create function cancelled_for(
  p_lane text, p_limit int, p_newcomer uuid, p_inherited uuid[] default '{}', p_asks uuid default null)
returns uuid[] language plpgsql stable as $$
declare
  -- so many have to end that are not ending
  many int := (
    select count(*)
    from seats p
    cross join lateral (select from live_actions l where l.id = p.action and l.outcome is null offset 0) l
    where p.lane = p_lane and p.seat is not null
  ) - p_limit + 1;
  among uuid[];
  spared uuid[];
begin
  if many <= 0 then return array[]::uuid[]; end if;
  among := array(select w from waiters_of(p_newcomer || p_inherited, 10000, p_asks => p_asks) w);
  if cardinality(among) > 0 then
    select h.stuck
    into spared
    from held_up_by(
      p_newcomer,
      array(
        select e
        from edges_of_waiting(p_newcomer, null, null, null, null, among, p_inherited, p_asks => p_asks) e),
      true, 250) h;
    -- beyond that everybody who may wait for it
    spared := coalesce(spared, among);
  end if;
  return array(
    select l.id
    from seats s
    cross join lateral (select l.id from live_actions l where l.id = s.action and l.outcome is null offset 0) l
    where
      s.lane = p_lane
      and s.seat is not null
      and (l.id in (select unnest(spared))) is not true
    -- nobody overtakes there, and clocks of workers differ
    order by s.place
    limit many);
end $$;
