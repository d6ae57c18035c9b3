-- Whether somebody else than an action that is to unwind waits for a child of it: a root that has joined it, or
-- that it is itself by now, or a step that goes on.
-- For other functions only: it inherits their search path and their settings.
create function is_wanted(p_child uuid, p_action uuid) returns boolean
language plpgsql stable as $$
begin
  return exists (select 1 from live_actions l where l.id = p_child and l.rooted)
    or exists (
      select 1 from jobs j where j.action = p_child and j.kind = 0 /* JobKind.invocation */ and j.parent is null)
    or exists (
      select 1
      from slots w
      where w.child = p_child and w.action <> p_action and w.status is null and w.closing is not true);
end $$;
