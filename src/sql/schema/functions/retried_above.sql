-- The action that is to begin and goes on for one above this one, which has ended, with the step that has waited for it
-- or an earlier one: it retries this one, or asks anew for what this one was to do. Nothing, if there is none. Above it
-- are its parent, and who has it from the action that it goes on for; above these likewise. What has begun does not
-- count: what it retries goes on for this one by itself (`gone_on_for`).
-- For other functions only: it inherits their search path and their settings.
create function retried_above(p_action uuid) returns uuid
language plpgsql stable as $$
declare
  ids uuid[] := array[p_action];
  at int := 0;
  own record;
  holder record;
  above record;
begin
  while at < cardinality(ids) loop
    at := at + 1;
    select e.parent, e.parent_step, e.retry_of into own from ended_actions e where e.id = ids[at];
    if own.parent is null and own.retry_of <> all(ids) then ids := ids || own.retry_of; end if;
    for holder in
      select own.parent as action, own.parent_step as step where own.parent is not null
      union
      -- as its own, or as what has gone on for its child by itself
      select o.action, o.step from slots o where o.child = ids[at] and o.moved and o.carried is not null
      union
      -- or as what was to go on for it, and never began
      select e.parent, e.parent_step
      from ended_actions e
      where e.retry_of = ids[at] and e.started_at is null and e.parent is not null
    loop
      select x.id, r.step
      into above
      from (
        select j.action as id from jobs j where j.retry_of = holder.action and j.cancelled_at is null
        union all
        select l.id from live_actions l where l.retry_of = holder.action and l.started_at is null
      ) x
      left join lateral (select r.step from retries r where r.action = x.id offset 0) r on true
      limit 1;
      continue when holder.step < (
        select g.step
        from (select e.definition from ended_actions e where e.id = holder.action) e
        cross join lateral goes_on_at(holder.action, above.step, may_be_outbound(e.definition)) g);
      if above.id is not null then return above.id; end if;
      if holder.action <> all(ids) then ids := ids || holder.action; end if;
    end loop;
  end loop;
  return null;
end $$;
