-- What an execution that is suspended waits for: with what it has failed, if it has; the names that it awaits, since
-- when (`progress`), and when those of them ring that are clocks; when its next clock rings, awaited or not; and
-- executions that have not ended, twenty of them.
-- For other functions only: it inherits their search path and their settings.
create function why_suspended(p_id uuid, p_failure jsonb, p_progress jsonb) returns jsonb
language plpgsql stable as $$
begin
  return jsonb_build_object(
    'tag', 'Suspended', 'failure', p_failure - 'pretty', 'since', p_progress -> 'suspendedAt',
    'awaits', (
      select
        coalesce(
          jsonb_agg(
            jsonb_build_object('name', a.name, 'since', a.since, 'rings', extract(epoch from g.sent_at) * 1000)
            order by a.since, a.name),
          '[]')
      from (
        select x.name, x.value::float8 as since
        from jsonb_each_text(case when jsonb_typeof(p_progress -> 'awaits') = 'object' then p_progress -> 'awaits' end)
          x(name, value)
      ) a
      left join lateral (
        select s.sent_at
        from signals s
        where s.action = p_id and s.name = a.name and s.to_ring
        order by s.id
        limit 1
      ) g on true),
    'until', (
      select extract(epoch from min(s.sent_at)) * 1000 from signals s where s.action = p_id and s.to_ring),
    'others', (
      select coalesce(
        jsonb_agg(
          jsonb_build_object('id', c.child, 'definition', c.definition, 'actorId', c.actor_id) order by c.child),
        '[]')
      from (
        select p.child, k.definition, k.actor_id
        from execution_parents p
        cross join lateral (
          select k.definition, k.actor_id
          from action_keys k
          where k.action = p.child and k.kind = 5 /* KeyKind.execution */
          offset 0
        ) k
        where p.parent = p_id and not exists (select 1 from ended_actions e where e.id = p.child offset 0)
        order by p.child
        limit 20
      ) c));
end $$;
