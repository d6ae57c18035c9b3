-- Whether an id is that of an execution's action: its id is held as long as its history is there.
-- For other functions only: it inherits their search path and their settings.
create function is_execution(p_id uuid) returns boolean
language plpgsql stable as $$
begin
  return exists (
    select 1 from action_keys k where k.action = p_id and k.kind = 5 /* KeyKind.execution */ and k.given is not null);
end $$;
