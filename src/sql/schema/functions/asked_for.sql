-- The arguments that a settled slot was asked for with, where nobody has noted a checksum of the request: of what was
-- taken over, and of a first attempt that nobody expected to be tried again.
-- For other functions only: it inherits their search path and their settings.
create function asked_for(p_child uuid, p_attempt smallint, p_request text) returns jsonb
language plpgsql stable as $$
begin
  if starts_with(p_request, '[') then return p_request::jsonb; end if;
  if p_request is not null or coalesce(p_attempt, 0) <> 0 then return null; end if;
  return (select coalesce(a.given, a.arguments) from ended_actions a where a.id = p_child);
end $$;
