-- Completes or cancels one action from outside. The verdict comes first: kind -6, step 0 none, 1 done, 2 ambiguous, 3 busy (try again), 4 already over,
-- 5 the id names another definition or actor (which the row says), 6 it has not started (the row says what it is). By id, without an actor, p_definition is a name alone.
create function complete(p_token bigint, p_now timestamptz, p_defs text[], p_first text[], p_flags smallint[], p_id uuid, p_definition text, p_actor text,
  p_status smallint, p_result jsonb, p_cause jsonb, p_outbound boolean) returns setof task language plpgsql set search_path from current as $$
declare ids uuid[]; v_lane text; l live_actions; v_definition text; v_actor text;
begin
  perform require_read_committed();
  if p_id is not null then
    -- in one look: whatever moves it meanwhile, what an id names stays the same
    select x.definition, x.actor_id into v_definition, v_actor from (
      select definition, actor_id from live_actions where id = p_id
      union all select definition, actor_id from jobs where action = p_id and kind = 0
      union all select definition, actor_id from ended_actions where id = p_id
      union all select definition, actor_id from outcomes where id = p_id) x limit 1;
    if not found then return next row(-6, p_id, null, null, null, 0, 0, 0, 0, null)::task; return; end if;
    if (p_actor is null and split_part(v_definition, '/', 2) <> p_definition) or (p_actor is not null and (v_definition, v_actor) <> (p_definition, p_actor)) then
      return next row(-6, p_id, v_definition, v_actor, null, 5, 0, 0, 0, null)::task; return;
    end if;
  end if;
  if p_id is null then
    ids := array(select id from live_actions where definition = p_definition and actor_id = p_actor and flags & 16 <> 0 and status = 1 and outcome is null order by id);
    if cardinality(ids) = 0 then return next row(-6, null, null, null, null, 0, 0, 0, 0, null)::task; return; end if;
    if cardinality(ids) > 1 then return next row(-6, null, null, null, null, 2, 0, 0, 0, to_json(ids))::task; return; end if;
    p_id := ids[1];
  elsif not p_outbound then
    -- one that nobody has taken, or that is being prepared, is marked: whoever has its definition ends it, before what else is queued
    update jobs set cancelled_at = clock_timestamp(), priority = 0, token = null, due_at = null, elder = null where ctid = any(array(
      select ctid from jobs where action = p_id and kind = 0 and cancelled_at is null for update skip locked));
    if found then
      return next row(-6, p_id, null, null, null, 1, 0, 0, 0, null)::task;
      return next row(-7, p_id, null, null, null, 0, 0, 0, 0, null)::task;
      return next row(-8, null, null, null, null, 0, 0, 0, 0, null)::task;
      return;
    end if;
  end if;
  select lane into v_lane from live_actions where id = p_id;
  if not found then
    if p_outbound and exists (select 1 from jobs where action = p_id and kind = 0 and cancelled_at is null) then
      return next row(-6, p_id, v_definition, v_actor, null, 6 /* Verdict.notStarted */, 0, 0, 0, null)::task; return;
    end if;
    -- neither queued nor over: on its way from one to the other
    return next row(-6, p_id, null, null, null, case when exists (select 1 from jobs where action = p_id and kind = 0 and cancelled_at is not null)
      or exists (select 1 from ended_actions where id = p_id) or exists (select 1 from outcomes where id = p_id) then 4 else 3 end, 0, 0, 0, null)::task;
    return;
  end if;
  -- a lane that moved on while we waited for it is not ours: somebody may be joining this action
  perform 1 from live_actions where lane = v_lane and status = 1 for update;
  if not found then return next row(-6, p_id, null, null, null, 3, 0, 0, 0, null)::task; return; end if;
  select * into l from live_actions where id = p_id for update;
  if not found or l.lane <> v_lane then return next row(-6, p_id, null, null, null, 3, 0, 0, 0, null)::task; return; end if;
  if p_outbound and l.outcome is null and l.flags & 16 <> 0 and l.status = 0 /* Status.pending */ then
    return next row(-6, p_id, l.definition, l.actor_id, null, 6 /* Verdict.notStarted */, 0, 0, 0, null)::task; return;
  end if;
  if l.outcome is not null or (p_outbound and l.flags & 16 = 0) then
    return next row(-6, p_id, null, null, null, 4, 0, 0, 0, null)::task; return;
  end if;
  if p_outbound and l.timeout_at <= p_now then
    -- its time was over, and nobody has noticed: whoever completes it comes too late
    return next row(-6, p_id, null, null, null, 4, 0, 0, 0, null)::task;
    return query select * from end_from_outside(p_token, p_now, p_defs, p_first, p_flags, array[p_id], 6::smallint, null, null);
    return;
  end if;
  return next row(-6, p_id, null, null, null, 1, 0, 0, 0, null)::task;
  -- until the end of this transaction, and only as far as it is not taken back by a savepoint: see finish
  perform set_config('stepped.ended', concat_ws(',', nullif(current_setting('stepped.ended', true), ''), p_id), true);
  return query select * from end_from_outside(p_token, p_now, p_defs, p_first, p_flags, array[p_id], p_status, p_result, p_cause);
end $$;
