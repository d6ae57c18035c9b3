-- In which turn each of these is, in the order given: a tenant's next one comes a turn after its last one that waits in
-- that queue with that priority, and of a tenant that has none there a turn after whoever is first. So nobody waits for
-- more than two of each other tenant's, however many those have; and since nobody comes into the turn that is on, that
-- ends, and the next one begins. Null for who has no tenant.
-- Those that others enqueue just now are not seen, and tenants may get as many in a turn as they have such calls.
-- For other functions only: it inherits their search path and their settings.
create function next_turns(p_queues text[], p_priorities smallint[], p_tenants text[]) returns bigint[]
language plpgsql as $$
begin
  return (
    with x as materialized (
      select x.queue, coalesce(x.priority, 0::smallint) as priority, x.tenant, x.n
      from unnest(p_queues, p_priorities, p_tenants) with ordinality as x(queue, priority, tenant, n)
    ),
    t as materialized (
      select
        d.queue,
        d.priority,
        d.tenant,
        coalesce(
          (
            select j.turn
            from jobs j
            where
              j.priority = 999 /* Priority.turns */
              and j.queue = d.queue
              and j.own_priority = d.priority
              and j.tenant = d.tenant
            order by j.turn desc
            limit 1
          ),
          (
            select j.turn
            from jobs j
            where j.priority = 999 /* Priority.turns */ and j.queue = d.queue and j.own_priority = d.priority
            order by j.turn, j.id
            limit 1
          ),
          0) as last
      from (select distinct x.queue, x.priority, x.tenant from x where x.tenant is not null) d
    )
    select array_agg(t.last + y.nth order by y.n)
    from (
      select x.*, row_number() over (partition by x.queue, x.priority, x.tenant order by x.n) as nth from x
    ) y
    left join t on (t.queue, t.priority, t.tenant) = (y.queue, y.priority, y.tenant));
end $$;
