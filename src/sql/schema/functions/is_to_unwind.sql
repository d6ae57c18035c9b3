-- Whether an action that has ended may still be unwound: one above it has not ended. Above it are its parent, and
-- whoever has joined it, or has it from the action that it goes on for; above these likewise.
-- For other functions only: it inherits their search path and their settings.
create function is_to_unwind(p_action uuid) returns boolean
language plpgsql stable as $$
declare
  above uuid[] := array[p_action];
  at int := 0;
begin
  while at < cardinality(above) loop
    at := at + 1;
    if exists (select 1 from live_actions l where l.id = above[at]) then return true; end if;
    above := above || array(
      select x.id
      from (
        select e.parent as id from ended_actions e where e.id = above[at]
        union
        select o.action from slots o where o.child = above[at] and o.moved
      ) x
      where x.id <> all(above));
  end loop;
  return false;
end $$;
