-- Whether something was undone of an action that has ended: a compensation has succeeded, or some of its children were
-- unwound, whether others could be or not. What was unwound and had nothing to undo is as it was.
-- For other functions only: it inherits their search path and their settings.
create function has_undone(p_action uuid) returns boolean
language plpgsql stable as $$
begin
  return exists (
    select 1
    from steps s
    where
      s.action = p_action and s.kind = 5 /* StepKind.compensation */
      and (s.status = 2 /* Status.succeeded */ or s.undo = 8 /* Undo.unwind */));
end $$;
