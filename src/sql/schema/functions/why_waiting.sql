-- What a step still waits for: children (twenty of them, and how many there are, no further than a thousand), the last
-- of its times, signals by their names, with how many of that name nobody has read, no further than a thousand.
-- For other functions only: it inherits their search path and their settings.
create function why_waiting(p_id uuid, p_step int, p_timeout_at timestamptz) returns jsonb
language plpgsql stable as $$
begin
  return (
    with s as (
      select
        jsonb_build_object(
          'step', t.name, 'undoes', t.kind = 5 /* StepKind.compensation */,
          'since', extract(epoch from t.started_at) * 1000,
          'timeoutAt', extract(epoch from p_timeout_at) * 1000) as step
      from steps t
      where t.action = p_id and t.idx = p_step
    ),
    o as materialized (
      select
        w.slot, w.child, w.definition, w.actor_id, w.signal, w.due_at, w.optional, w.undo, w.closing, w.heard_at,
        w.details, w.heartbeat_ms, w.limit_at
      from slots w
      where w.action = p_id and w.step = p_step and w.status is null
      order by w.slot
      limit 1000
    )
    select coalesce(jsonb_agg(s.step || x.reason order by x.n, x.reason ->> 'signal'), '[]')
    from (
      select 1 as n, jsonb_build_object(
        'tag', 'Children', 'open', count(*), 'undoing', bool_or(o.undo is not null),
        'closing', bool_or(o.closing is true), 'others', (
          select jsonb_agg(
            jsonb_build_object('id', f.child, 'definition', f.definition, 'actorId', f.actor_id) order by f.slot)
          from (select c.slot, c.child, c.definition, c.actor_id from o c where c.child is not null limit 20) f))
        as reason
      from o
      where o.child is not null
      having count(*) > 0
      union all
      select 2, jsonb_build_object(
        'tag', 'Signal', 'signal', o.signal, 'open', count(*), 'optional', bool_and(o.optional is true),
        'until', extract(epoch from max(case when o.heartbeat_ms is null then o.due_at else o.limit_at end)) * 1000,
        'unread', (
          select jsonb_build_object('count', count(*), 'lastAt', extract(epoch from max(u.sent_at)) * 1000)
          from (
            select u.sent_at
            from signals u
            where u.action = p_id and u.name = o.signal and u.step is null
            order by u.id desc
            limit 1000
          ) u),
        'heardAt', extract(epoch from max(o.heard_at)) * 1000,
        'details', (array_agg(o.details order by o.heard_at desc nulls last))[1],
        'silentAt', extract(epoch from min(o.due_at) filter (
          where o.heartbeat_ms is not null and o.due_at < coalesce(o.limit_at, 'infinity'))) * 1000)
      from o
      where o.signal is not null
      group by o.signal
      union all
      select 3, jsonb_build_object(
        'tag', 'Timer', 'open', count(*), 'until', extract(epoch from max(o.due_at)) * 1000)
      from o
      where o.child is null and o.signal is null
      having count(*) > 0
    ) x
    cross join s);
end $$;
