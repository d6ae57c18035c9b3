-- Has executions woken that wait for ones that have ended, by a job each: to lock their rows here would be out of the
-- order. It is committed with the end, so that whoever takes it sees that. Says how many there are.
-- For other functions only: it inherits their search path and their settings.
create function wake_waiting_executions(p_now timestamptz, p_ended uuid[]) returns int
language plpgsql as $$
declare
  v_count int;
begin
  insert into jobs (queue, priority, kind, action, definition, actor_id, enqueued_at)
  select l.queue, -1000 /* Priority.first */, 2 /* JobKind.signal */, p.parent, l.definition, l.actor_id, p_now
  from (
    select distinct x.parent
    from unnest(p_ended) e(id)
    cross join lateral (
      select x.parent from execution_parents x where x.child = e.id offset 0
    ) x
  ) p
  cross join lateral (
    select l.queue, l.definition, l.actor_id from live_actions l where l.id = p.parent offset 0
  ) l
  order by p.parent;
  get diagnostics v_count = row_count;
  return v_count;
end $$;
