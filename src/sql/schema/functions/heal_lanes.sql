-- Lanes that somebody could go on in, and that nobody would look at: of a plain lane that is held and that nothing
-- pauses, it is said once more that it was resumed; a named lane whose first in line may begin, at a time or because of
-- a pause that is over, is due. `tick` does the rest. Looked at are those of the live actions in a range of their
-- table; what somebody has locked is left for the next pass. As long as something that was resumed has still to go on,
-- nothing of this is wrong. Gives whom it concerns.
-- For other functions only: it inherits their search path and their settings.
create function heal_lanes(p_now timestamptz, p_from tid, p_to tid) returns setof uuid
language plpgsql as $$
declare
  candidates uuid[];
  locked text[];
begin
  if exists (select 1 from resumed) then return; end if;
  candidates := array(
    select l.id
    from live_actions l
    where l.ctid >= p_from and l.ctid < p_to and l.lanes is not null and l.status = 0 /* Status.pending */);
  candidates := array(select x.action from neglected_in_named_lanes(candidates) x(action));
  locked := array(
    select n.lane
    from named_lanes n
    where n.lane = any(array(select s.lane from seats s where s.action = any(candidates)))
    order by n.lane
    for update skip locked);
  -- whoever had a lane before may have decided about it
  candidates := array(
    select x.action
    from neglected_in_named_lanes(candidates) x(action)
    where not exists (select 1 from seats s where s.action = x.action and s.lane <> all(locked) offset 0));
  update named_lanes n
  set due_at = p_now
  where n.lane = any(array(select s.lane from seats s where s.action = any(candidates)));
  return query select unnest(candidates);

  return query
    with h as materialized (
      select l.id, l.lane
      from live_actions l
      where
        l.ctid >= p_from
        and l.ctid < p_to
        and l.seat = 0 /* Seat.performing */
        and l.status = 0 /* Status.pending */
        and not is_paused(l.lane, l.queue, l.definition)
        and not exists (select 1 from resumed)
      for update skip locked
    ),
    r as (
      insert into resumed (kind, subject)
      select 'lane', h.lane from h order by h.lane
      on conflict do nothing
      returning subject
    )
    select h.id from h join r on r.subject = h.lane;
end $$;
