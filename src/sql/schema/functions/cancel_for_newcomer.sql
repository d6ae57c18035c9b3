-- A newcomer that waits in a lane that cancels, which the caller has locked: whoever has performed there longest is
-- cancelled for it, unless a seat is free, and it waits for the rate, one is ending there already, or it may not begin
-- because of a pause: then it is when that is resumed. Nobody who could not end before the newcomer does is: that is a
-- deadlock.
-- For other functions only: it inherits their search path and their settings.
create function cancel_for_newcomer(
  p_token bigint, p_now timestamptz, p_definitions text[], p_first_steps text[], p_flags smallint[], p_lane text)
returns setof answer language plpgsql as $$
declare
  newcomer uuid;
  among uuid[];
  spared uuid[];
  victim uuid;
begin
  select s.action
  into newcomer
  from named_lanes n
  join seats s on s.lane = n.lane and s.seat is null
  where n.lane = p_lane and n.settings ->> 'whenBusy' = 'cancelRunning'
  order by s.priority, s.place
  limit 1;
  if newcomer is null or (
    select count(*) from seats s where s.lane = p_lane and s.seat is not null
  ) < (select (n.settings ->> 'limit')::int from named_lanes n where n.lane = p_lane) or exists (
    select 1
    from seats s
    join live_actions l on l.id = s.action
    where s.lane = p_lane and s.seat is not null and l.outcome is not null
  ) or waits_for_pause(newcomer) then
    return;
  end if;
  among := array(select w from waiters_of(newcomer, 10000) w);
  if cardinality(among) > 0 then
    select h.stuck
    into spared
    from held_up_by(
      newcomer,
      array(select e from edges_of_waiting(newcomer, null, null, null, null, among) e),
      true, 250) h;
    -- beyond that everybody who may wait for it
    spared := coalesce(spared, among);
  end if;
  victim := (
    select l.id
    from seats s
    join live_actions l on l.id = s.action
    where
      s.lane = p_lane
      and s.seat is not null
      and (l.id in (select unnest(spared))) is not true
    -- nobody overtakes there, and clocks of workers differ
    order by s.place
    limit 1);
  perform 1 from live_actions where id = victim and outcome is null for update;
  if not found then return; end if;
  return query select * from end_from_outside(
    p_token, p_now, p_definitions, p_first_steps, p_flags, array[victim], 4 /* Status.cancelled */::smallint, null,
    jsonb_build_object(
      'kind', 'cancelled',
      'message', 'cancelled for a newer action in the lane ' /* words.cancelledFor */ || lane_name(p_lane)));
end $$;
