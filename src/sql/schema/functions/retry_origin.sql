-- Where an action comes from that has ended: what is above it, and what it, or one of these, goes on for, to the first
-- one. It is the same for all that may go on for one another.
-- For other functions only: it inherits their search path and their settings.
create function retry_origin(p_action uuid) returns uuid
language plpgsql stable as $$
declare
  origin uuid;
begin
  while p_action is not null loop
    origin := p_action;
    p_action := (
      select coalesce(x.parent, x.retry_of)
      from (
        select e.parent, e.retry_of from ended_actions e where e.id = origin
        union all
        select l.parent, l.retry_of from live_actions l where l.id = origin and l.unwinds is null
      ) x);
  end loop;
  return origin;
end $$;
