-- That actions were healed, for who is on call: how often, by definition and by what was wrong, and who has done it.
-- One worker heals at a time, so nobody else has these rows.
-- For other functions only: it inherits their search path and their settings.
create function record_heals(p_now timestamptz, p_by text, p_actions uuid[], p_in_lane boolean) returns void
language sql as $$
  insert into heals (definition, kind, count, first_at, last_at, action, worker)
  select x.definition, x.kind, count(*), p_now, p_now, max(x.id::text)::uuid, p_by
  from (
    select
      l.id,
      l.definition,
      case when p_in_lane then 'lane' when l.phase = 1 /* Phase.waiting */ then 'slots' else 'job' end as kind
    from live_actions l
    where l.id = any(p_actions)
  ) x
  group by x.definition, x.kind
  order by x.definition, x.kind
  on conflict (definition, kind) do update
  set
    count = heals.count + excluded.count,
    last_at = excluded.last_at,
    action = excluded.action,
    worker = excluded.worker
$$;
