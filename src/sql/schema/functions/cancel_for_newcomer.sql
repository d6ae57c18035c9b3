-- A newcomer that waits in a lane that cancels, which the caller has locked: for it `cancelled_for` are cancelled.
-- Nobody is while it may not begin because of a pause: then they are when that is resumed.
-- For other functions only: it inherits their search path and their settings.
create function cancel_for_newcomer(
  p_token bigint, p_now timestamptz, p_definitions text[], p_first_steps text[], p_flags smallint[], p_lane text)
returns setof answer language plpgsql as $$
declare
  newcomer uuid;
  most int;
  victims uuid[];
begin
  select s.action, (n.settings ->> 'limit')::int
  into newcomer, most
  from named_lanes n
  cross join lateral (
    select s.action, s.priority, s.place from seats s where s.lane = n.lane and s.seat is null offset 0
  ) s
  where
    n.lane = p_lane
    and n.settings ->> 'whenBusy' = 'cancelRunning'
    -- nobody is cancelled for what unwinds
    and s.priority > -1000 /* Priority.first */
  order by s.priority, s.place
  limit 1;
  if newcomer is null or waits_for_pause(newcomer) then return; end if;
  victims := cancelled_for(p_lane, most, newcomer);
  if cardinality(victims) = 0 then return; end if;
  -- before the steps that wait for them, as everybody
  perform 1 from live_actions where id = any(victims) order by id for update;
  if cardinality(victims) > 1 then perform lock_waiting_steps(victims, victims); end if;
  -- those with callbacks first, then the others
  loop
    victims := array(
      select l.id from live_actions l where l.id = any(victims) and l.outcome is null order by l.id for update);
    exit when cardinality(victims) = 0;
    return query select * from end_from_outside(
      p_token, p_now, p_definitions, p_first_steps, p_flags, victims, 4 /* Status.cancelled */::smallint, null,
      jsonb_build_object(
        'kind', 'cancelled',
        'message', 'cancelled for a newer action in the lane ' /* words.cancelledFor */ || lane_name(p_lane)));
  end loop;
end $$;
