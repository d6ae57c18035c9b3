-- What was sent to actions that never were, and that nobody will read, is deleted; a signal's key that is held for
-- longer still answers.
-- For other functions only: it inherits their search path and their settings.
create function forget_unread(p_ids uuid[]) returns void
language plpgsql as $$
begin
  delete from signals where action = any(p_ids);
  update action_keys
  set free_at = held_until
  where action = any(p_ids) and kind = 4 /* KeyKind.signal */ and free_at is null;
end $$;
