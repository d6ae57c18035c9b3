-- Whether an action that has ended, or what it has waited for, is forgotten, or what would be undone with it, however
-- far below: it cannot be done again, or undone.
-- For other functions only: it inherits their search path and their settings.
create function has_forgotten(p_action uuid) returns boolean
language plpgsql stable as $$
begin
  return exists (
    with recursive below as (
      select e.id, e.forgotten, true as is_undone from ended_actions e where e.id = p_action
      union
      select c.id, c.forgotten, c.undo & 2 /* Undoable.shared */ = 0
      from below b
      cross join lateral (
        select o.child from slots o where o.action = b.id and o.child is not null offset 0
      ) o
      cross join lateral (
        select e.id, e.forgotten, e.undo from ended_actions e where e.id = o.child offset 0
      ) c
      where b.is_undone
    )
    select 1 from below b where b.forgotten is not null);
end $$;
