-- What these ended actions have achieved is reused: their parents do not unwind them any more. One that is unwound just
-- now has achieved nothing: whoever has found it all the same looks again. Nobody is waited for.
-- For other functions only: it inherits their search path and their settings.
create function keep_reused(p_ids uuid[]) returns void
language plpgsql as $$
declare
  wanted uuid[];
  locked uuid[];
begin
  if p_ids is null then return; end if;
  wanted := array(
    select e.id from ended_actions e where e.id = any(p_ids) and e.undo & 2 /* Undoable.shared */ = 0);
  if cardinality(wanted) = 0 then return; end if;
  locked := array(
    select e.id from ended_actions e where e.id = any(wanted) and e.unwound is null for no key update skip locked);
  if cardinality(locked) < cardinality(wanted) or exists (select 1 from live_actions l where l.id = any(locked)) then
    raise exception 'what would be reused is undone' using errcode = 'serialization_failure';
  end if;
  update ended_actions set undo = undo | 2 /* Undoable.shared */ where id = any(locked);
end $$;
