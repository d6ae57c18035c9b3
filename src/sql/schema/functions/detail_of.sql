-- What a worker needs to go on with an action that it does not have in memory: earlier results, settled slots, a
-- decided outcome. Null if that is more than what travels with an answer: then the worker loads it apart, in pieces
-- (what_of, results_after, slots_after). Sizes are looked at before anything is built: what is stored in this much may
-- be a hundred times as large, but no more than that. JSON as text: building it costs a third of what jsonb does, and
-- nothing here looks into it again.
-- It is called with and without planner settings, and has its own.
create function detail_of(p_id uuid) returns json
language plpgsql stable set search_path from current as $$
declare
  v_detail json;
begin
  with s as materialized (
    select s.idx, s.name, s.status, s.marked, s.result, s.kind from steps s where s.action = p_id
  ),
  o as materialized (
    select o.step, o.slot, o.status, o.definition, o.actor_id, o.success,
      coalesce(o.result, e.result) as result, coalesce(o.cause, e.cause) as cause,
      case when (e.definition, e.actor_id) <> (o.definition, o.actor_id)
        then json_build_array(e.definition, e.actor_id) end as ran
    from slots o
    left join ended_actions e on e.id = o.child
    where o.action = p_id and o.child is not null
  )
  select
    case
      when weight(l.arguments)
        -- callbacks and jobs are given nothing of the steps
        + case when l.phase in (3 /* Phase.callbacks */, 4 /* Phase.job */) then 0 else
            coalesce((select sum(coalesce(pg_column_size(result), 0)) from s), 0)
            + coalesce((select sum(coalesce(pg_column_size(result), 0) + coalesce(pg_column_size(cause),
            0) + 40) from o), 0)
          end
        < 131072 /* travelling */
      then json_build_object(
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
          select json_agg(json_build_array(idx, name, status, marked, result, kind) order by idx) from s) end,
        'slots', case when l.phase not in (3 /* Phase.callbacks */, 4 /* Phase.job */) then (
          select json_agg(json_build_array(step, slot, status, definition, actor_id, result, cause, success, ran)
            order by step, slot)
          from o) end)
    end
  into v_detail
  from live_actions l
  where l.id = p_id;
  return case when octet_length(v_detail::text) < 131072 /* travelling */ then v_detail end;
end $$;
