-- When an action that waits in its named lanes may begin: at a time, which may be past; `infinity` where that takes
-- somebody's end or start. It begins when it is the first in all of its lanes and each of them has room; nobody
-- overtakes. Its lanes are locked by the caller.
-- For other functions only: it inherits their search path and their settings.
create function free_at(p_action uuid) returns timestamptz
language plpgsql stable as $$
begin
  return (
    select max(
      case
        when exists (
            select 1
            from seats b
            where b.lane = s.lane and b.seat is null and (b.priority, b.place) < (s.priority, s.place))
          or (
            select count(*) from seats p where p.lane = s.lane and p.seat is not null
          ) >= (n.settings ->> 'limit')::int
          then 'infinity'::timestamptz
        else greatest('-infinity'::timestamptz, s.due_at, rate_free_at(n.settings, n.starts)) end)
    from seats s
    join named_lanes n on n.lane = s.lane
    where s.action = p_action);
end $$;
