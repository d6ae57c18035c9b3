-- The action that goes on for one that has ended, or has; nothing, where nobody has retried it, or that never began.
-- For other functions only: it inherits their search path and their settings.
create function gone_on_for(p_action uuid) returns uuid
language plpgsql stable as $$
begin
  return (
    select x.id
    from (
      select j.action as id from jobs j where j.retry_of = p_action and j.cancelled_at is null
      union all
      select l.id from live_actions l where l.retry_of = p_action
      union all
      select a.id from ended_actions a where a.retry_of = p_action and a.started_at is not null
    ) x
    order by x.id desc
    limit 1);
end $$;
