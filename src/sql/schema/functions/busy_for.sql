-- Who is in the way of an action that is to go on for this one, which has ended: who does the same already, whom it
-- would join, and who is in a lane that would turn it away. At most one.
-- For other functions only: it inherits their search path and their settings.
create function busy_for(p_action uuid, p_now timestamptz) returns table (action uuid, lane text)
language plpgsql stable as $$
#variable_conflict use_column
declare
  e record;
  j claimed_job;
begin
  select a.lane, a.lanes, a.checksum_key, a.checksum, a.definition, a.actor_id
  into e
  from ended_actions a
  where a.id = p_action;
  j.action := p_action;
  j.definition := e.definition;
  j.actor_id := e.actor_id;
  j.lane := e.lane;
  j.lanes := e.lanes;
  j.checksum_key := coalesce(e.checksum_key, e.lane);
  j.checksum := e.checksum;
  if e.lanes is null then
    return query
      select l.id, l.lane
      from live_actions l
      where
        e.checksum is not null
        and l.lane = e.lane
        and l.seat = 0 /* Seat.performing */
        and coalesce(l.checksum_key, l.lane) = j.checksum_key
        and l.checksum = e.checksum
        and not (l.flags & 64 /* Flag.compensates */ <> 0 and coalesce(l.outcome, 2) <> 2 /* Status.succeeded */);
    return;
  end if;
  if e.checksum is not null then
    return query
      select l.id, s.lane
      from same_in_named_lanes(j) as same
      cross join lateral (select l.id from live_actions l where l.id = same offset 0) l
      cross join lateral (select s.lane from seats s where s.action = l.id and s.lane = any(e.lanes) offset 0) s
      limit 1;
    if found then return; end if;
  end if;
  if refused_by(p_now, j) is not null then
    return query
      select s.action, s.lane from seats s where s.lane = any(e.lanes) order by s.seat nulls last, s.place limit 1;
  end if;
end $$;
