-- What keys name that are held, below an id, and what that was superseded by, or has joined: as long as that is kept.
-- Of the keys few are old: upkeep has deleted those whose time is over.
-- For other functions only: it inherits their search path and their settings.
create function named_by_keys(p_below uuid) returns uuid[]
language plpgsql stable as $$
begin
  return array(
    with recursive way(id) as (
      select k.action
      from action_keys k
      where k.action < p_below and k.free_at is not null and k.kind = 1 /* KeyKind.idempotency */
      union
      select coalesce(
        (select e.superseded_by from ended_actions e where e.id = w.id and e.cause is null),
        (select o.follows from outcomes o where o.id = w.id))
      from way w
      where w.id is not null
    )
    select w.id from way w where w.id is not null);
end $$;
