-- Sends executions what they await under names, of which the first counts: also ones that nobody has started, but where
-- `sent_makes` is false. What is to come at a time (`sent_due`) is a clock: until it rings, another one may be first.
-- With `sent_again` what was sent before is replaced. A job wakes each, committed with what was sent, so that whoever
-- takes that sees it (`deliver_signals`). Gives the action, if there is one, and whether this was the first, by their
-- numbers. Who is not woken by it (`sent_wakes`), and was not the first, is given what has come before, since it will
-- not hear of that: its own, whose answer was lost, or what one has sent that has run it before.
create function send_to_executions(
  p_now timestamptz, p_kept_ms float8, p_is_patient boolean, sent_definition text[], sent_execution text[],
  sent_action uuid[], sent_name text[], sent_payload jsonb[], sent_due timestamptz[], sent_makes boolean[],
  sent_again boolean[], sent_wakes boolean[])
returns table (n int, action uuid, is_first boolean, stored jsonb)
language plpgsql set search_path from current as $$
#variable_conflict use_column
declare
  v_action uuid[];
  v_turn bigint[];
  v_first bigint[] := array[]::bigint[];
  v_stored bigint[];
  v_begun bigint[] := array[]::bigint[];
  t record;
begin
  perform require_read_committed();
  perform lock_executions(
    p_now, p_kept_ms, p_is_patient, false, sent_definition, sent_execution, sent_action, sent_makes);
  -- of one that has ended nothing is stored; what is sent under one name is stored one after the other
  select array_agg(y.action order by y.n), array_agg(y.turn order by y.n)
  into v_action, v_turn
  from (
    select x.n, k.action, case when k.is_open then row_number() over (partition by k.action, x.name order by x.n) end
      as turn
    from unnest(sent_definition, sent_execution, sent_name, sent_makes) with ordinality
      as x(definition, execution, name, makes, n)
    left join lateral (
      select k.action, not exists (select 1 from ended_actions e where e.id = k.action offset 0) as is_open
      from action_keys k
      where
        k.definition = x.definition and k.actor_id = x.execution and k.kind = 5 /* KeyKind.execution */ and k.key = ''
        -- something else may have been sent before anybody has started it
        and (x.makes or k.given is not null)
      offset 0
    ) k on true
  ) y;
  for t in
    select distinct x.turn, x.again, x.due is null as is_due
    from unnest(v_turn, sent_again, sent_due) as x(turn, again, due)
    where x.turn is not null
    order by x.turn
  loop
    with s as (
      insert into signals (action, name, target, key, payload, sent_at, to_ring)
      select
        x.action, x.name, x.action, '', x.payload, coalesce(x.due, p_now), case when x.due is not null then true end
      from unnest(v_action, sent_name, sent_payload, sent_due, v_turn, sent_again) with ordinality
        as x(action, name, payload, due, turn, again, n)
      where x.turn = t.turn and x.again = t.again and (x.due is null) = t.is_due
      order by x.n
      on conflict (target, name, key) where key is not null do update
      set payload = excluded.payload, sent_at = excluded.sent_at, to_ring = excluded.to_ring
      where t.again or (signals.to_ring and t.is_due)
      returning action, name
    )
    select array_agg(x.n)
    into v_stored
    from unnest(v_action, sent_name, v_turn) with ordinality as x(action, name, turn, n)
    where x.turn = t.turn and ((x.action, x.name) in (select s.action, s.name from s)) is true;
    v_first := v_first || v_stored;
  end loop;
  -- one that is queued, and is to be interrupted, is told as it begins
  select coalesce(array_agg(x.n), v_begun)
  into v_begun
  from (
    select x.n, begin_interrupted(p_now, x.action) as has_begun
    from unnest(v_action, sent_name, sent_wakes) with ordinality as x(action, name, wakes, n)
    where x.name = '~interrupt' /* ExecutionName.interrupt */ and x.wakes and (x.n in (select unnest(v_first))) is true
    offset 0
  ) x
  where x.has_begun;
  insert into jobs (queue, priority, kind, action, definition, actor_id, due_at, enqueued_at)
  select
    l.queue,
    case when x.due is null then -1000 /* Priority.first */ else 1000 /* Priority.later */ end,
    2 /* JobKind.signal */, x.action, x.definition, x.execution, x.due, p_now
  from
    (
      select distinct on (y.action, y.due) y.action, y.definition, y.execution, y.due, y.n
      from unnest(v_action, sent_definition, sent_execution, sent_name, sent_due, sent_wakes, v_turn) with ordinality
        as y(action, definition, execution, name, due, wakes, turn, n)
      where
        y.wakes and (y.n in (select unnest(v_begun))) is not true
        and (
          (y.n in (select unnest(v_first))) is true
          -- one that was interrupted before, and has failed since, waits for somebody: so it goes on
          or (y.name = '~interrupt' /* ExecutionName.interrupt */ and y.turn is not null))
      order by y.action, y.due, y.n
    ) x
    cross join lateral (
      select l.queue from live_actions l where l.id = x.action
      union all
      select j.queue from jobs j where j.action = x.action and j.kind = 0 /* JobKind.invocation */
      limit 1
    ) l
  order by x.n;
  return query
    select
      x.n::int, x.action, (x.n in (select unnest(v_first))) is true,
      case when x.turn is not null and not x.wakes and (x.n in (select unnest(v_first))) is not true then (
        select s.payload
        from signals s
        where s.target = x.action and s.name = x.name and s.key = '' and s.to_ring is null) end
    from unnest(v_action, sent_name, sent_wakes, v_turn) with ordinality as x(action, name, wakes, turn, n);
end $$;
