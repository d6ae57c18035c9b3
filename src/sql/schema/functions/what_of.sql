-- The same as detail_of for an action whose detail is loaded apart, and under this token: without results, which come
-- in pieces, and with the first slot that did not succeed alone.
create function what_of(p_token bigint, p_id uuid) returns table (arguments jsonb, detail json)
language plpgsql stable set search_path from current as $$
begin
  return query
    select l.arguments, json_build_object(
      'name', l.step_name,
      'kind', l.step_kind,
      'prepended', l.prepended,
      'outcome', l.outcome,
      'result', l.result,
      'cause', l.cause,
      'callbacks', l.callbacks,
      'startedAt', extract(epoch from l.step_started_at) * 1000,
      'timeoutAt', extract(epoch from l.timeout_at) * 1000,
      'steps', case when l.phase not in (3 /* Phase.callbacks */, 4 /* Phase.job */) then (
        select json_agg(json_build_array(s.idx, s.name, s.status, s.marked, null, s.kind) order by s.idx)
        from steps s
        where s.action = p_id) end,
      'slots', case when l.phase = 1 /* Phase.waiting */ then (
        select json_agg(x.o) from (
          select json_build_array(
            o.step, o.slot, o.status, o.definition, o.actor_id, null, coalesce(o.cause, e.cause), o.success,
            case when (e.definition, e.actor_id) <> (o.definition, o.actor_id)
              then json_build_array(e.definition, e.actor_id) end) as o
          from slots o
          left join ended_actions e on e.id = o.child
          where o.action = p_id and o.step = l.step and o.child is not null and o.status <> 2 /* Status.succeeded */
          order by o.slot
          limit 1
        ) x) end)
    from live_actions l
    where l.id = p_id and l.token = p_token;
end $$;
