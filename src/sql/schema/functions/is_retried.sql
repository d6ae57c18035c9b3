-- Whether another action is to begin that goes on for this one, which has ended, for what this one goes on for itself,
-- or for one above it, or above what was to go on for it, and never began: it takes over what that has done, and what
-- is below it. Above it are its parent, and whoever has joined it, or has it from the action that it goes on for.
-- For other functions only: it inherits their search path and their settings.
create function is_retried(p_action uuid) returns boolean
language plpgsql stable as $$
declare
  above uuid[] := array[p_action];
  at int := 0;
begin
  while at < cardinality(above) loop
    at := at + 1;
    if exists (select 1 from jobs j where j.retry_of = above[at])
      or exists (select 1 from live_actions l where l.retry_of = above[at] and l.started_at is null) then
      return true;
    end if;
    above := above || array(
      select x.id
      from (
        select e.parent as id from ended_actions e where e.id = above[at]
        union
        select e.retry_of from ended_actions e where e.id = above[at]
        union
        select e.parent from ended_actions e where e.retry_of = above[at] and e.started_at is null
        union
        select o.action from slots o where o.child = above[at] and o.moved
      ) x
      where x.id <> all(above));
  end loop;
  return false;
end $$;
