-- Whether an action that has ended may still be unwound: one above it has not ended.
-- For other functions only: it inherits their search path and their settings.
create function is_to_unwind(p_parent uuid) returns boolean
language plpgsql stable as $$
begin
  while p_parent is not null loop
    if exists (select 1 from live_actions l where l.id = p_parent) then return true; end if;
    p_parent := (select e.parent from ended_actions e where e.id = p_parent);
  end loop;
  return false;
end $$;
