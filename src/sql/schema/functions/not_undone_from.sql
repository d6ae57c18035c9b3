-- A step from this one on that an action has done, which has ended, and that is not undone (`not_undone`), by its name:
-- so the action cannot go on from there. Nothing, if there is none.
-- For other functions only: it inherits their search path and their settings.
create function not_undone_from(p_action uuid, p_step int) returns text
language plpgsql stable as $$
begin
  return (select n.step from not_undone(p_action) n where coalesce(n.idx, p_step) >= p_step limit 1);
end $$;
