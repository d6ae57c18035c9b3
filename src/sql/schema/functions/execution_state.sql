-- How far an execution is: by the id of its action, or by its own. Where it is waited for (`p_waits`), an end that is
-- just being stored is waited for as well: whoever has stored since when it waits would else hear nothing of it.
-- `below` is what those have failed with that it waits for, and what these wait for, if they are suspended with that.
create function execution_state(p_id uuid, p_definition text, p_execution text, p_waits boolean)
returns table (
  action uuid, phase smallint, failure jsonb, below jsonb, status smallint, result jsonb, cause jsonb)
language plpgsql set search_path from current as $$
#variable_conflict use_column
declare
  v_id uuid := coalesce(p_id, (
    select k.action
    from action_keys k
    where
      k.definition = p_definition and k.actor_id = p_execution and k.kind = 5 /* KeyKind.execution */ and k.key = ''
      and k.given is not null));
begin
  if v_id is null then return; end if;
  if p_waits then
    perform 1 from live_actions l where l.id = v_id for key share;
    if not found then
      -- one that is queued may be cancelled just now, or have begun since then
      perform 1 from jobs j where j.action = v_id and j.kind = 0 /* JobKind.invocation */ for key share;
      if not found then perform 1 from live_actions l where l.id = v_id for key share; end if;
    end if;
  end if;
  return query
    select v_id, null::smallint, null::jsonb, null::jsonb, e.status, e.result, e.cause
    from ended_actions e
    where e.id = v_id;
  if found then return; end if;
  return query
    select
      v_id,
      case when l.token is null then l.phase end,
      l.failure,
      case when l.phase = 8 /* Phase.suspended */ and l.failure is null and not p_waits then failures_below(v_id) end,
      null::smallint,
      null::jsonb,
      null::jsonb
    from live_actions l
    where l.id = v_id;
  if not found then
    -- queued, or it has just ended
    return query
      select v_id, null::smallint, null::jsonb, null::jsonb, e.status, e.result, e.cause
      from (select 1) x
      left join lateral (
        select e.status, e.result, e.cause from ended_actions e where e.id = v_id offset 0
      ) e on true;
  end if;
end $$;
