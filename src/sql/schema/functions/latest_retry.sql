-- The last of those that go on for one another from this one on, which has ended; itself, where nobody has retried it.
-- For other functions only: it inherits their search path and their settings.
create function latest_retry(p_action uuid) returns uuid
language plpgsql stable as $$
declare
  next uuid := p_action;
begin
  while next is not null loop
    p_action := next;
    next := gone_on_for(p_action);
  end loop;
  return p_action;
end $$;
