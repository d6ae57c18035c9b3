-- Which actions of an actor can be cancelled: what is queued first, then what waits in its lanes, then what performs,
-- so that nobody begins because another one is cancelled; of each the newest first.
create function cancellable(p_definition text, p_actor_id text, p_limit int) returns table (id uuid)
language plpgsql stable set search_path from current as $$
begin
  return query
    (
      select j.action
      from jobs j
      where
        j.kind = 0 /* JobKind.invocation */
        and j.definition = p_definition
        and j.actor_id = p_actor_id
        and j.cancelled_at is null
      order by j.id desc
      limit p_limit
    )
    union all
    (
      select l.id
      from live_actions l
      where l.definition = p_definition and l.actor_id = p_actor_id and l.outcome is null
      order by l.status, l.id desc
      limit p_limit
    )
    limit p_limit;
end $$;
