-- Which of these actions wait in named lanes where they may begin, now or at a time, while nobody will look there: none
-- of the lanes is due, and either none of them is marked as paused or no pause holds the action any more.
-- For other functions only: it inherits their search path and their settings.
create function neglected_in_named_lanes(p_ids uuid[]) returns setof uuid
language plpgsql stable as $$
begin
  return query
    select l.id
    from (select unnest(p_ids) as id offset 0) x
    cross join lateral (
      select l.id from live_actions l where l.id = x.id and l.status = 0 /* Status.pending */ offset 0
    ) l
    where
      -- a look that is enough for nearly all of a long line
      not exists (
        select 1
        from seats s
        cross join lateral (select n.due_at from named_lanes n where n.lane = s.lane offset 0) n
        where
          s.action = l.id
          and (
            n.due_at is not null
            or exists (
              select 1
              from seats b
              where b.lane = s.lane and b.seat is null and (b.priority, b.place) < (s.priority, s.place)
              offset 0)) offset 0)
      and free_at(l.id) < 'infinity'
      and not (
        waits_for_pause(l.id)
        and exists (
          select 1
          from seats s
          cross join lateral (select n.paused from named_lanes n where n.lane = s.lane offset 0) n
          where s.action = l.id and n.paused
          offset 0))
      and not exists (select 1 from resumed);
end $$;
