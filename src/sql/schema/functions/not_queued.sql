-- Why an action cannot be taken out of the queue, in one look: `running`, as somebody has it in hand just now; `begun`;
-- `over`; `none`.
-- For other functions only: it inherits their search path and their settings.
create function not_queued(p_action uuid) returns text
language plpgsql stable as $$
begin
  return (
    select case
      when exists (select 1 from jobs j where j.action = p_action and j.kind = 0 /* JobKind.invocation */)
        then 'running'
      when exists (select 1 from live_actions l where l.id = p_action and l.outcome is null) then 'begun'
      when exists (select 1 from live_actions l where l.id = p_action)
        or exists (select 1 from ended_actions e where e.id = p_action)
        or exists (select 1 from outcomes o where o.id = p_action) then 'over'
      else 'none' end);
end $$;
