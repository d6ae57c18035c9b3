-- A step ends when no row says that it still waits. Parents that this worker can run are handed over under its token; the others,
-- and those that somebody else has locked, get a job: waiting for them here would break the lock order.
-- For other functions only: it inherits their search path and their settings.
create function resume(p_token bigint, p_now timestamptz, p_defs text[], p_parents uuid[], p_steps int[], p_flags smallint[]) returns setof task language plpgsql as $$
declare ready uuid[]; got uuid[];
begin
  -- distinct first: a batch of children has few parents, and each is looked at once
  ready := array(select x.a from (select distinct a, s from unnest(p_parents, p_steps) as y(a, s)) x
    where not exists (select 1 from slots o where o.action = x.a and o.step = x.s and o.status is null));
  if cardinality(ready) = 0 then return; end if;
  if p_token is not null then
    with l as (select id from live_actions where id = any(ready) and phase = 1 and token is null and definition = any(p_defs) for update skip locked),
    u as (update live_actions t set token = p_token, flags = p_flags[array_position(p_defs, t.definition)] & 255 where t.id = any(array(select id from l)) returning t.id)
    select array_agg(id) into got from u;
    return query select 1::smallint, t.id, t.definition, t.actor_id, case when x.d is not null then t.arguments end, t.step, t.phase, t.attempts, t.depth, x.d
      from live_actions t cross join lateral (select detail_of(t.id) as d offset 0) x where t.id = any(got) order by t.id;
  end if;
  insert into jobs (queue, priority, kind, action, definition, actor_id, enqueued_at)
    select queue, 0, 1, id, definition, actor_id, p_now from live_actions
    where id = any(ready) and phase = 1 and token is null and id <> all(coalesce(got, '{}')) order by id;
  if found then return next row(-8, null, null, null, null, 0, 0, 0, 0, null)::task; end if;
end $$;
