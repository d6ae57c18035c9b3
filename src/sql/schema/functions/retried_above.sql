-- The action that is to begin and goes on for one above this one, which has ended, with the step that has waited for it
-- or an earlier one: it retries this one, or asks anew for what this one was to do. Nothing, if there is none. What has
-- begun does not count: what it retries goes on for this one by itself (`gone_on_for`).
-- For other functions only: it inherits their search path and their settings.
create function retried_above(p_action uuid) returns uuid
language plpgsql stable as $$
declare
  at record;
  above record;
begin
  while p_action is not null loop
    select e.parent, e.parent_step, e.retry_of into at from ended_actions e where e.id = p_action;
    if at.parent is not null then
      select x.id, r.step
      into above
      from (
        select j.action as id from jobs j where j.retry_of = at.parent and j.cancelled_at is null
        union all
        select l.id from live_actions l where l.retry_of = at.parent and l.started_at is null
      ) x
      left join lateral (select r.step from retries r where r.action = x.id offset 0) r on true
      limit 1;
      if at.parent_step < (
        select g.step
        from (select e.definition from ended_actions e where e.id = at.parent) e
        cross join lateral goes_on_at(at.parent, above.step, may_be_outbound(e.definition)) g)
      then
        return null;
      end if;
      if above.id is not null then return above.id; end if;
    end if;
    p_action := coalesce(at.parent, at.retry_of);
  end loop;
  return null;
end $$;
