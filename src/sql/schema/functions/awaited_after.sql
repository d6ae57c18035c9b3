-- The executions that one waits for or has waited for, with what has come of those that have ended: behind one of
-- these, as many as `p_bytes` hold, one at least.
create function awaited_after(p_action uuid, p_child uuid, p_bytes int)
returns table (child uuid, definition text, execution text, status smallint, result text, cause text)
language plpgsql stable set search_path from current as $$
begin
  for child, definition, execution, status, result, cause in
    select p.child, k.definition, k.actor_id, e.status, e.result::text, e.cause::text
    from execution_parents p
    cross join lateral (
      select k.definition, k.actor_id
      from action_keys k
      where k.action = p.child and k.kind = 5 /* KeyKind.execution */
      offset 0
    ) k
    left join lateral (
      select e.status, e.result, e.cause from ended_actions e where e.id = p.child offset 0
    ) e on true
    where p.parent = p_action and p.child > p_child
    order by p.child
  loop
    return next;
    p_bytes := p_bytes - coalesce(octet_length(result), 0) - coalesce(octet_length(cause), 0) - 200;
    exit when p_bytes <= 0;
  end loop;
end $$;
