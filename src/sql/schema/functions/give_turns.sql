-- Invocations that have come into their queues stand there in the next turns of their tenants, as if they were enqueued
-- now, in the order given.
-- For other functions only: it inherits their search path and their settings.
create function give_turns(p_places tid[]) returns void
language plpgsql as $$
declare
  v_queues text[];
  v_priorities smallint[];
  v_tenants text[];
begin
  select array_agg(j.queue order by p.n), array_agg(j.own_priority order by p.n), array_agg(j.tenant order by p.n)
  into v_queues, v_priorities, v_tenants
  from unnest(p_places) with ordinality as p(place, n)
  join jobs j on j.ctid = p.place;
  update jobs j
  set priority = 999 /* Priority.turns */, own_priority = coalesce(j.own_priority, 0), turn = t.turn
  from unnest(p_places, next_turns(v_queues, v_priorities, v_tenants)) t(place, turn)
  where j.ctid = t.place;
end $$;
