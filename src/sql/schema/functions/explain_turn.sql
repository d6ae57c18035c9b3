-- Why who is next in a lane does not begin: somebody performs there, or is being undone.
-- For other functions only: it inherits their search path and their settings.
create function explain_turn(p_lane text) returns jsonb
language plpgsql stable as $$
declare
  before jsonb;
  current jsonb;
begin
  select jsonb_agg(shown_live(l.id)) filter (where l.seat < -1 /* Seat.pending */),
    jsonb_agg(shown_live(l.id)) filter (where l.seat = 0 /* Seat.performing */)
  into before, current
  from live_actions l
  where l.lane = p_lane and l.seat <> -1 /* Seat.pending */;
  if (current -> 0 ->> 'unwinding')::boolean then
    return jsonb_build_object('tag', 'Unwinding', 'others', current || coalesce(before, '[]'));
  end if;
  return jsonb_build_object(
    'tag', 'Waits',
    'pause', pause_of(array[p_lane], null, null),
    'places',
    jsonb_build_array(
      jsonb_build_object(
        'lane', p_lane, 'place', 1 + coalesce(jsonb_array_length(before), 0), 'performing',
        coalesce(current, '[]'))));
end $$;
