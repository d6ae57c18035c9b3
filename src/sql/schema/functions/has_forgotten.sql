-- Whether an action that has ended, or what it has waited for, is forgotten: it cannot be done again, or undone.
-- For other functions only: it inherits their search path and their settings.
create function has_forgotten(p_action uuid) returns boolean
language plpgsql stable as $$
begin
  return
    exists (select 1 from ended_actions e where e.id = p_action and e.forgotten is not null)
    or exists (
      select 1
      from slots o
      where
        o.action = p_action and o.child is not null
        and (select e.forgotten is not null from ended_actions e where e.id = o.child));
end $$;
