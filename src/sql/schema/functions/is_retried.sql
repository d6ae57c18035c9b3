-- Whether another action is to begin that goes on for this one, which has ended, for what this one goes on for itself,
-- or for one above it: it takes over what that has done, and what is below it.
-- For other functions only: it inherits their search path and their settings.
create function is_retried(p_action uuid) returns boolean
language plpgsql stable as $$
begin
  while p_action is not null loop
    if exists (select 1 from jobs j where j.retry_of = p_action)
      or exists (select 1 from live_actions l where l.retry_of = p_action and l.started_at is null) then
      return true;
    end if;
    p_action := (select coalesce(e.parent, e.retry_of) from ended_actions e where e.id = p_action);
  end loop;
  return false;
end $$;
