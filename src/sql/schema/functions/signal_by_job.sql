-- Has signals of these actions looked at by whoever takes a job, in a transaction that begins after this one.
create function signal_by_job(p_now timestamptz, p_actions uuid[]) returns void
language plpgsql set search_path from current as $$
begin
  insert into jobs (queue, priority, kind, action, definition, actor_id, enqueued_at)
  select l.queue, -1000 /* Priority.first */, 2 /* JobKind.signal */, x.id, l.definition, l.actor_id, p_now
  from unnest(p_actions) as x(id)
  cross join lateral (
    select l.queue, l.definition, l.actor_id from live_actions l where l.id = x.id
    union all
    select j.queue, j.definition, j.actor_id from jobs j where j.action = x.id and j.kind = 0 /* JobKind.invocation */
    limit 1
  ) l
  order by x.id;
end $$;
