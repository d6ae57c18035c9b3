-- Why a live action does not begin in its lanes: for each that holds it up where it stands there, and who is in its
-- way; else a pause, a rate, a start that was put off. What unwinds one that has ended (`p_unwinds`) no pause holds.
-- For other functions only: it inherits their search path and their settings.
create function why_pending(
  p_now timestamptz, p_id uuid, p_lane text, p_lanes text[], p_seat smallint, p_queue text, p_definition text,
  p_unwinds boolean)
returns jsonb language plpgsql stable as $$
declare
  pause jsonb := case
    when not p_unwinds then pause_of(coalesce(p_lanes, array[p_lane]), p_queue, p_definition) end;
  paused jsonb := case
    when pause is null then '[]' else jsonb_build_array(jsonb_build_object('tag', 'Paused', 'pause', pause)) end;
  answer jsonb;
  places jsonb;
begin
  if p_lane is not null then
    select jsonb_agg(jsonb_build_object(
      'tag', 'Waits', 'lane', p_lane, 'limit', 1, 'performing', 1,
      -- what unwinds stands before who is pending, the higher seat first
      'place', 1 + (
        select count(*)
        from live_actions b
        where
          b.lane = p_lane and b.seat < -1 /* Seat.pending */
          and (p_seat = -1 /* Seat.pending */ or b.seat > p_seat)),
      'others', jsonb_build_array(shown_live(l.id))))
    into places
    from live_actions l
    where l.lane = p_lane and l.seat = 0 /* Seat.performing */ and l.id <> p_id;
  else
    answer := explain_line(p_now, p_id, p_lanes, p_queue, p_definition);
    if answer ->> 'tag' in ('Limited', 'Debounced') then return jsonb_build_array(answer); end if;
    select jsonb_agg(
      jsonb_build_object(
        'tag', 'Waits', 'lane', lane_name(s.lane), 'limit', x."limit", 'performing', p.many, 'place', b.before + 1,
        'others', case when p.many >= x."limit" then p.performing else coalesce(f.first, p.performing, '[]') end)
      order by s.lane)
    into places
    from seats s
    cross join lateral (select n.settings, n.starts from named_lanes n where n.lane = s.lane offset 0) n
    cross join lateral (select (n.settings ->> 'limit')::int as "limit") x
    cross join lateral (
      select count(*) as before
      from (
        select 1
        from seats w
        where w.lane = s.lane and w.seat is null and (w.priority, w.place) < (s.priority, s.place)
        limit 1000
      ) w
    ) b
    -- where there is room, the first one in line does not begin, and says why
    cross join lateral (
      select (
        select jsonb_build_array(shown_live(w.action))
        from seats w
        where w.lane = s.lane and w.seat is null and w.action <> p_id
          and (w.priority, w.place) < (s.priority, s.place)
        order by w.priority, w.place
        limit 1
      ) as first
    ) f
    cross join lateral (
      select count(*)::int as many, jsonb_agg(shown_live(p.action) order by p.place) filter (where p.n <= 20)
        as performing
      from (
        select p.action, p.place, row_number() over (order by p.place) as n
        from seats p
        where p.lane = s.lane and p.seat is not null
      ) p
    ) p
    where s.action = p_id and (b.before > 0 or p.many >= x."limit");
  end if;
  if places is not null or pause is not null then return coalesce(places, '[]') || paused; end if;
  return jsonb_build_array(jsonb_build_object(
    'tag', 'Due', 'queue', p_queue, 'workers', why_served(p_queue, p_definition)));
end $$;
