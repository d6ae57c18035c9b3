-- Whoever waits for a child waits for another action from now on: that has superseded it, or it has joined that. A step
-- that asks once more is to know again what it asked for, by the arguments (rule 9.1): they are noted where the other
-- one was asked for with others (`p_for`; if not given, it is a live one). The steps that wait are locked by the
-- caller.
-- For other functions only: it inherits their search path and their settings.
create function wait_for_instead(p_child uuid, p_asked jsonb, p_instead uuid, p_for jsonb default null) returns void
language plpgsql as $$
begin
  update slots
  set
    child = p_instead,
    moved = true,
    request = case when coalesce(attempt, 0) = 0
      then coalesce(request, nullif(p_asked, coalesce(p_for, (
        select coalesce(l.given, l.arguments) from live_actions l where l.id = p_instead)))::text)
      else request end
  where child = p_child and status is null;
end $$;
