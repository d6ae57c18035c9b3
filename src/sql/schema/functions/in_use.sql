-- Why what has ended is still needed, and cannot be forgotten yet: it is being undone (`unwinding`); one above it is
-- live, and may read its result, begin again or undo it (`parent`), or another action is to go on for it, or for one
-- above it (`retry`). Above it are its parent, and whoever has joined it, or has it from the action that it goes on
-- for, or was to have what goes on for it, and never began; above these likewise. Who is to go on for a parent may also
-- take what has gone on for its child by itself.
-- An execution is also read, with each replay, by those that have waited for it (`parent`), as long as these are live:
-- one that has ended never runs again.
-- For other functions only: it inherits their search path and their settings.
create function in_use(p_action uuid) returns text
language plpgsql stable as $$
declare
  above uuid[] := array[p_action];
  at int := 0;
  retries boolean := are_retried();
begin
  while at < cardinality(above) loop
    at := at + 1;
    if exists (select 1 from live_actions l where l.id = above[at]) then
      return case when at = 1 then 'unwinding' else 'parent' end;
    end if;
    if at = 1 and exists (
      select 1
      from execution_parents p
      where p.child = p_action and exists (select 1 from live_actions l where l.id = p.parent offset 0)
    ) then
      return 'parent';
    end if;
    if retries
      and (
        exists (select 1 from jobs j where j.retry_of = above[at])
        or exists (select 1 from live_actions l where l.retry_of = above[at] and l.started_at is null)) then
      return 'retry';
    end if;
    above := above || array(
      select x.id
      from (
        select e.parent as id from ended_actions e where e.id = above[at]
        union
        select o.action from slots o where o.child = above[at] and o.moved
        union
        select e.retry_of from ended_actions e where retries and e.id = above[at]
        union
        -- what was to go on for it, and never began, is no other than this one for who is to go on above that
        select e.parent from ended_actions e where retries and e.retry_of = above[at] and e.started_at is null
      ) x
      where x.id <> all(above));
  end loop;
  return null;
end $$;
