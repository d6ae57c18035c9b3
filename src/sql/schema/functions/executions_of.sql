-- What has become of executions of workflows: what their activities have come to, what was sent to them, which other
-- executions they wait for or have waited for, and, where they are suspended, since when, and what they await
-- (`progress`). Of each the last `p_most`. Of what has failed its first failure, shortened: it is only read.
create function executions_of(p_ids uuid[], p_most int) returns table (action uuid, parts jsonb)
language plpgsql stable set search_path from current as $$
#variable_conflict use_column
begin
  return query
    select x.id, jsonb_build_object(
      'suspended', (
        select l.progress from live_actions l where l.id = x.id and l.phase = 8 /* Phase.suspended */),
      'activities', (
        select
          jsonb_agg(
            jsonb_build_array(m.name, m.attempt, extract(epoch from m.ended_at) * 1000, m.failed, m.failure)
            order by m.ended_at, m.name, m.attempt)
        from (
          select
            m.name, m.attempt, m.ended_at, m.result ->> '_tag' = 'Failure' as failed,
            case when m.result ->> '_tag' = 'Failure' then left(m.result #>> '{cause,0}', 2000) end as failure
          from memos m
          where m.action = x.id
          order by m.ended_at desc, m.name desc, m.attempt desc
          limit p_most
        ) m),
      'sent', (
        select
          jsonb_agg(
            jsonb_build_array(g.name, extract(epoch from g.sent_at) * 1000, g.failed, g.failure)
            order by g.sent_at, g.id)
        from (
          select
            g.id, g.name, g.sent_at, g.payload ->> '_tag' = 'Failure' as failed,
            case when g.payload ->> '_tag' = 'Failure' then left(g.payload #>> '{cause,0}', 2000) end as failure
          from signals g
          where g.action = x.id
          order by g.id desc
          limit p_most
        ) g),
      'children', (
        select jsonb_agg(jsonb_build_array(c.child, c.definition, c.actor_id, c.status) order by c.child)
        from (
          select p.child, k.definition, k.actor_id, e.status
          from (
            select p.child from execution_parents p where p.parent = x.id order by p.child desc limit p_most
          ) p
          cross join lateral (
            select k.definition, k.actor_id
            from action_keys k
            where k.action = p.child and k.kind = 5 /* KeyKind.execution */
            offset 0
          ) k
          left join lateral (select e.status from ended_actions e where e.id = p.child offset 0) e on true
        ) c))
    from unnest(p_ids) x(id);
end $$;
