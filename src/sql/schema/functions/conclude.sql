-- Ends live actions whose rows and lanes the caller has locked: history, achievement, promotion, slots, parents. `p_freed` are the
-- lanes that they perform in, `p_steps` and `p_kinds` the names and kinds of only steps that have no row; `p_abrupt` are those that do not end by themselves; `p_tids` where they are, if that is known.
-- For other functions only: it inherits their search path and their settings.
create function conclude(p_token bigint, p_now timestamptz, p_defs text[], p_first text[], p_flags smallint[], p_freed text[],
  p_ids uuid[], p_outcomes smallint[], p_results jsonb[], p_causes jsonb[], p_good smallint[], p_bad smallint[], p_steps text[], p_abrupt uuid[], p_tids tid[] default null, p_kinds smallint[] default null) returns setof task language plpgsql as $$
declare next_up uuid[]; erased text[]; parents uuid[]; parent_steps int[]; abandoned uuid[]; queued uuid[];
begin
  if p_abrupt is not null then
    queued := array(select id from live_actions where id = any(p_abrupt) and token is null);
    -- one that a claim has just taken is that claim's to drop: it may be waiting for these lanes
    if cardinality(queued) > 0 then delete from jobs where ctid = any(array(select ctid from jobs where action = any(queued) and kind = 1 for update skip locked)); end if;
    perform cancel_running(p_abrupt, p_now);
  end if;
  -- one that ends itself with the one before it is nobody's next
  next_up := array(select id from live_actions where lane = any(p_freed) and status = 0 and (id in (select unnest(p_ids))) is not true);
  if cardinality(next_up) > 0 then
    erased := array(select checksum_key from achievements where checksum_key = any(array(select checksum_key from live_actions where id = any(next_up))));
  end if;
  if p_tids is null then
    p_tids := array(select (select l.ctid from live_actions l where l.id = a) from unnest(p_ids) with ordinality x(a, n) order by n);
  end if;
  with x as (select * from unnest(p_tids, p_outcomes, p_results, p_causes, p_good, p_bad, p_steps, p_kinds) as x(tid, o, r, c, g, b, sn, sk)),
  gone as (delete from live_actions l using x where l.ctid = x.tid returning l.*, x.o, x.r, x.c, x.g, x.b, x.sn, x.sk),
  ended as (
    insert into ended_actions (id, definition, actor_id, queue, arguments, lane, status, checksum_key, checksum, parent, parent_step, depth, attempts,
      result, cause, step_name, step_kind, callbacks_succeeded, callbacks_failed, timeout_ms, enqueued_at, started_at, ended_at)
    select id, definition, actor_id, queue, arguments, split_part(lane, E'\x01', 1), coalesce(outcome, o), checksum_key, checksum, parent, parent_step, depth, attempts,
      case when outcome is null then r else result end, case when outcome is null then c else cause end, sn, case when sn is not null then sk end, coalesce(g, 0::smallint), coalesce(b, 0::smallint), timeout_ms, enqueued_at, started_at, p_now from gone
    returning id, status, checksum_key, checksum, result, callbacks_failed)
  insert into achievements (checksum_key, checksum, result, action, achieved_at)
    select distinct on (checksum_key) checksum_key, checksum, result, id, p_now from (
      select checksum_key, checksum, result, id from ended where checksum is not null and status = 2 and callbacks_failed = 0
      -- what is erased below has its place in the one pass over all keys in their order
      union all select k, '', null, '00000000-0000-0000-0000-000000000000' from unnest(erased) k) k
    order by checksum_key, id desc
    on conflict (checksum_key) do update set checksum = excluded.checksum, result = excluded.result, action = excluded.action, achieved_at = excluded.achieved_at;
  if cardinality(next_up) > 0 then
    -- of what was found, or has just been granted: what comes meanwhile comes afterwards
    delete from achievements where checksum_key = any(array(select checksum_key from live_actions where id = any(next_up))) and (checksum_key = any(erased) or action = any(p_ids));
    update live_actions set status = 1, started_at = p_now, timeout_at = p_now + timeout_ms * interval '1 millisecond',
      token = case when definition = any(p_defs) then p_token end, step = 0, step_started_at = p_now,
      -- whoever has it in hand begins its first step; what gets a job begins when that is claimed
      step_name = case when p_token is not null then split_part(p_first[array_position(p_defs, definition)], '/', 1) end,
      step_kind = case when p_token is not null then p_flags[array_position(p_defs, definition)] >> 8 end,
      prepended = case when p_token is not null and p_flags[array_position(p_defs, definition)] >> 8 = 2 then p_first[array_position(p_defs, definition)] end,
      flags = coalesce(p_flags[array_position(p_defs, definition)] & 255, flags)
      where id = any(next_up);
    -- with arguments that do not travel it is continued like one that this worker does not have in memory
    return query select case when x.heavy then 1 else 0 end::smallint, id, definition, actor_id, case when not x.heavy then arguments end, 0, 0::smallint, attempts, depth,
        case when not x.heavy and timeout_at is not null then to_json(extract(epoch from timeout_at) * 1000) end
      from live_actions cross join lateral (select weight(arguments) >= 131072 /* travelling */ as heavy offset 0) x where id = any(next_up) and token is not null;
    insert into jobs (queue, priority, kind, action, definition, actor_id, enqueued_at)
      select queue, 0, 1, id, definition, actor_id, p_now from live_actions where id = any(next_up) and token is null;
    if found then return next row(-8, null, null, null, null, 0, 0, 0, 0, null)::task; end if;
  end if;
  if p_abrupt is not null or exists (select 1 from slots where child = any(p_ids) and status is null) then
    perform 1 from steps s where (s.action, s.idx) in (
        select action, step from slots where child = any(p_ids) and status is null
        union select action, idx from steps where action = any(p_abrupt) and status = 1)
      order by s.action, s.idx for no key update;
  end if;
  if p_abrupt is not null then
    update steps set status = 4, ended_at = p_now where action = any(p_abrupt) and status = 1;
    with o as (update slots set status = 4 where action = any(p_abrupt) and status is null returning action, child)
    select array_agg(distinct action) into abandoned from o where child is not null;
    if abandoned is not null then
      insert into prunes select unnest(abandoned) on conflict do nothing;
      return next row(-4, null, null, null, null, 0, 0, 0, 0, null)::task;
    end if;
  end if;
  with u as (update slots o set status = case when e.status = 2 and e.callbacks_failed > 0 then 5 else e.status end
    from ended_actions e where o.child = any(p_ids) and o.status is null and e.id = o.child returning o.action, o.step)
  select array_agg(action), array_agg(step) into parents, parent_steps from u;
  if parents is not null then
    return query select * from resume(p_token, p_now, p_defs, parents, parent_steps, p_flags);
  end if;
end $$;
