-- Locks the row that an execution's id is known by, which is made where there is none (`p_id` is the id of its action
-- then), unless `p_makes` is false: nothing is given then. Whoever starts the execution, or sends something to it,
-- locks that row first, before any other: so what is sent before it is started is found by who starts it. What nobody
-- starts within `p_kept_ms` upkeep deletes, with what was sent (`free_keys`).
-- For other functions only: it inherits their search path and their settings.
create function lock_execution(
  p_now timestamptz, p_definition text, p_execution text, p_id uuid, p_kept_ms float8, p_makes boolean,
  out action uuid, out is_started boolean)
language plpgsql as $$
#variable_conflict use_column
begin
  loop
    select k.action, k.given is not null
    into action, is_started
    from action_keys k
    where
      k.definition = p_definition and k.actor_id = p_execution and k.kind = 5 /* KeyKind.execution */ and k.key = ''
    for update;
    exit when found or not p_makes;
    insert into action_keys (definition, actor_id, kind, key, action, created_at, free_at)
    values (
      p_definition, p_execution, 5 /* KeyKind.execution */, '', p_id, p_now,
      p_now + p_kept_ms * interval '1 millisecond')
    on conflict do nothing;
  end loop;
end $$;
