-- The live action that an invocation joins in its named lanes (2.5 b): who performs there with the same checksum, or is
-- the newest of those who wait. In a line only the newest of all counts: nobody's turn comes sooner than that of
-- whoever came in between. Nobody joins what is being undone.
-- For other functions only: it inherits their search path and their settings.
create function same_in_named_lanes(p_job claimed_job, p_settings jsonb default null) returns uuid
language plpgsql stable as $$
begin
  return (
    select l.id
    from entered_lanes(p_job.lanes, p_settings) n
    cross join lateral (
      select x.action, x.seat, x.place
      from (
        (
          select w.action, w.seat, w.place
          from seats w
          where w.lane = n.lane and w.seat is null and w.priority > -1000 /* Priority.first */
          order by w.place desc
          limit 1
        )
        union all
        select p.action, p.seat, p.place
        from seats p
        where
          p.lane = n.lane
          and p.seat is not null
          and (
            n.settings ->> 'whenBusy' in ('supersede', 'cancelRunning')
            or not exists (select 1 from seats w where w.lane = n.lane and w.seat is null offset 0)
          )
      ) x
    ) c
    cross join lateral (
      select l.id
      from live_actions l
      where
        l.id = c.action
        and l.checksum_key = p_job.checksum_key
        and l.checksum = p_job.checksum
        and not (l.flags & 64 /* Flag.compensates */ <> 0 and coalesce(l.outcome, 2) <> 2 /* Status.succeeded */)
      offset 0
    ) l
    order by c.seat is null, c.place
    limit 1);
end $$;
