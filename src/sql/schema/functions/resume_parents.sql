-- A step ends when no row says that it still waits. Parents that this worker can run are handed over under its token;
-- the others, and those that somebody else has locked, get a job: waiting for them here would break the lock order.
-- For other functions only: it inherits their search path and their settings.
create function resume_parents(
  p_token bigint, p_now timestamptz, p_definitions text[], p_parents uuid[], p_steps int[], p_flags smallint[])
returns setof answer language plpgsql as $$
declare
  ready uuid[];
  got uuid[];
begin
  -- distinct first: a batch of children has few parents, and each is looked at once
  ready := array(
    select x.action
    from (select distinct y.action, y.step from unnest(p_parents, p_steps) as y(action, step)) x
    where not exists (select 1 from slots o where o.action = x.action and o.step = x.step and o.status is null
    offset 0));
  if cardinality(ready) = 0 then return; end if;
  if p_token is not null then
    with l as (
      select id
      from live_actions
      where id = any(ready) and phase = 1 /* Phase.waiting */ and token is null and definition = any(p_definitions)
      for update skip locked
    ),
    u as (
      update live_actions t
      set
        token = p_token,
        epoch = coalesce(t.epoch, 0) + 1,
        flags = p_flags[array_position(p_definitions, t.definition)] & 1023
      where t.id = any(array(select id from l))
      returning t.id
    )
    select array_agg(id order by id) into got from u;
    if got is not null then return query select * from continued(got); end if;
  end if;
  if continue_by_job(p_now, array(
    select id
    from live_actions
    where id = any(ready) and phase = 1 /* Phase.waiting */ and token is null and id <> all(coalesce(got, '{}'))
  )) > 0 then
    return next news(-8 /* Kind.queued */);
  end if;
end $$;
