-- Whether another action is to begin that goes on for this one, which has ended, for what this one goes on for itself,
-- or for one above it, or above what was to go on for it, and never began: it takes over what that has done, and what
-- is below it.
-- For other functions only: it inherits their search path and their settings.
create function is_retried(p_action uuid) returns boolean
language plpgsql stable as $$
declare
  ids uuid[] := array[p_action];
  at int := 0;
begin
  while at < cardinality(ids) loop
    at := at + 1;
    if exists (select 1 from jobs j where j.retry_of = ids[at])
      or exists (select 1 from live_actions l where l.retry_of = ids[at] and l.started_at is null) then
      return true;
    end if;
    ids := ids || array(
      select x.id
      from (
        select coalesce(e.parent, e.retry_of) as id from ended_actions e where e.id = ids[at]
        union
        select e.parent from ended_actions e where e.retry_of = ids[at] and e.started_at is null
      ) x
      where x.id <> all(ids));
  end loop;
  return false;
end $$;
