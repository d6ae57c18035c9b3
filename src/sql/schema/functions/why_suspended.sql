-- What an execution that is suspended waits for: since when it has failed, if it has; when its next clock rings; and
-- executions that have not ended, twenty of them. What else may wake it nobody has stored.
-- For other functions only: it inherits their search path and their settings.
create function why_suspended(p_now timestamptz, p_id uuid, p_failure jsonb) returns jsonb
language plpgsql stable as $$
begin
  return jsonb_build_object(
    'tag', 'Suspended', 'failure', p_failure - 'pretty',
    'until', (
      select extract(epoch from min(s.sent_at)) * 1000 from signals s where s.action = p_id and s.sent_at > p_now),
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
