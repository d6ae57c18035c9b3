-- Why an action does not begin in its named lanes: others are before it or perform there, a pause, a rate, a start
-- that was put off. Of one that nobody has enqueued it is asked what would be in the places `p_asked`, as in
-- `free_at`.
-- For other functions only: it inherits their search path and their settings.
create function explain_line(
  p_now timestamptz, p_action uuid, p_lanes text[], p_queue text, p_definition text, p_asked asked_seat[] default '{}',
  p_settings jsonb default null, p_without uuid[] default '{}')
returns jsonb language plpgsql stable as $$
declare
  free timestamptz := free_at(p_action, p_asked, p_settings, p_without);
  pause jsonb := pause_of(p_lanes, p_queue, p_definition);
  held_up record;
  put_off record;
begin
  if free = 'infinity' then
    select
      jsonb_agg(
        jsonb_build_object(
          'lane', lane_name(x.lane), 'place', x.before + 1, 'performing', coalesce(x.performing, '[]'))
        order by x.lane) as places,
      -- without what unwinds there nobody would be in its way
      bool_and(x.waiting = 0 and x.many - jsonb_array_length(x.unwinding) < x."limit") as by_unwinding,
      jsonb_agg(x.unwinding) as unwinding
    into held_up
    from (
      select
        s.lane, b.before, b.waiting, p.many, p.performing, (n.settings ->> 'limit')::int as "limit",
        coalesce(
          jsonb_path_query_array(p.performing, '$[*] ? (@.unwinding == true)')
            || coalesce(b.unwinding, '[]'),
          '[]') as unwinding
      from (
        select o.lane, o.priority, o.place from seats o where o.action = p_action
        union all
        select a.lane, a.priority, a.place from unnest(p_asked) a
      ) s
      cross join lateral entered_lanes(array[s.lane], p_settings) n
      cross join lateral (
        select
          count(*) as before, count(*) filter (where w.priority > -1000 /* Priority.first */) as waiting,
          jsonb_agg(shown_live(w.action)) filter (where w.priority <= -1000 /* Priority.first */ and w.n <= 20)
            as unwinding
        from (
          select w.action, w.priority, row_number() over (order by w.priority, w.place) as n
          from seats w
          where w.lane = s.lane and w.seat is null and (w.priority, w.place) < (s.priority, s.place)
            and w.action <> all(p_without)
          order by w.priority, w.place
          limit 1000
        ) w
      ) b
      cross join lateral (
        select count(*)::int as many, jsonb_agg(shown_live(p.action) order by p.place) filter (where p.n <= 20)
          as performing
        from (
          select p.action, p.place, row_number() over (order by p.place) as n
          from seats p
          where p.lane = s.lane and p.seat is not null
        ) p
      ) p
      where b.before > 0 or p.many >= (n.settings ->> 'limit')::int
    ) x;
    if held_up.by_unwinding then
      return jsonb_build_object(
        'tag', 'Unwinding', 'others', jsonb_path_query_array(held_up.unwinding, '$[*][*]'));
    end if;
    return jsonb_build_object('tag', 'Waits', 'places', held_up.places, 'pause', pause);
  end if;
  if pause is not null then return jsonb_build_object('tag', 'Paused', 'pause', pause); end if;
  if free > p_now then
    select
      s.lane,
      s.due_at = free as is_debounced
    into put_off
    from (
      select o.lane, o.due_at from seats o where o.action = p_action
      union all
      select a.lane, a.due_at from unnest(p_asked) a
    ) s
    cross join lateral entered_lanes(array[s.lane], p_settings) n
    where s.due_at = free or rate_free_at(n.settings, n.starts) = free
    order by s.due_at = free desc
    limit 1;
    return jsonb_build_object(
      'tag', case when put_off.is_debounced then 'Debounced' else 'Limited' end,
      'lane', lane_name(put_off.lane), 'until', extract(epoch from free) * 1000);
  end if;
  return '{"tag": "Runs"}'::jsonb;
end $$;
