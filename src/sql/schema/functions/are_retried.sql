-- Whether any action is to begin that goes on for one that has ended.
-- For other functions only: it inherits their search path and their settings.
create function are_retried() returns boolean
language plpgsql stable as $$
begin
  return
    exists (select 1 from jobs j where j.retry_of is not null)
    or exists (select 1 from live_actions l where l.retry_of is not null and l.started_at is null);
end $$;
