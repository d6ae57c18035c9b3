-- When an action that waits in its named lanes may begin: at a time, which may be past; `infinity` where that takes
-- somebody's end or start. It begins when it is the first in all of its lanes and each of them has room; nobody
-- overtakes. Its lanes are locked by the caller. Of one that nobody has enqueued it is asked what would be in the
-- places `p_asked`, with those `p_without` gone whose place it would take.
-- For other functions only: it inherits their search path and their settings.
create function free_at(
  p_action uuid, p_asked asked_seat[] default '{}', p_settings jsonb default null, p_without uuid[] default '{}')
returns timestamptz
language plpgsql stable as $$
begin
  return (
    select max(
      case
        when exists (
            select 1
            from seats b
            where b.lane = s.lane and b.seat is null and (b.priority, b.place) < (s.priority, s.place)
              and b.action <> all(p_without) offset 0)
          or (
            select count(*) from seats p where p.lane = s.lane and p.seat is not null
          ) >= (n.settings ->> 'limit')::int
          then 'infinity'::timestamptz
        else greatest(
          '-infinity'::timestamptz, s.due_at,
          -- what unwinds one that has ended is no start
          case when s.priority > -1000 /* Priority.first */ then rate_free_at(n.settings, n.starts) end) end)
    from (
      select o.lane, o.priority, o.place, o.due_at from seats o where o.action = p_action
      union all
      select a.lane, a.priority, a.place, a.due_at from unnest(p_asked) a
    ) s
    cross join lateral entered_lanes(array[s.lane], p_settings) n);
end $$;
