-- Completes or cancels one action from outside. The verdict comes first: `VerdictCode` in src/sql/rows.ts says what it
-- may be. By id, without an actor, `p_definition` is a name alone, or null for any. With a step and an attempt it is
-- completed by a token of these: when they are over it is over to him who has it. `p_trace` is the span in which it is
-- completed: what goes on after that is linked to it.
create function complete(
  p_token bigint, p_now timestamptz, p_definitions text[], p_first_steps text[], p_flags smallint[], p_id uuid,
  p_definition text, p_actor_id text, p_status smallint, p_result jsonb, p_cause jsonb, p_outbound boolean,
  p_unwinds boolean, p_step int default null, p_attempt int default null, p_trace text default null)
returns setof answer language plpgsql set search_path from current as $$
declare
  ids uuid[];
  v_lane text;
  v_seat smallint;
  v_lanes text[];
  v_definition text;
  v_actor_id text;
  l record;
begin
  perform require_read_committed();
  if p_id is not null then
    select x.definition, x.actor_id into v_definition, v_actor_id from named_by(p_id) x;
    if v_definition is null then
      return next news(-6 /* Kind.verdict */, p_id, 0 /* Verdict.none */);
      return;
    end if;
    if (p_actor_id is null and split_part(v_definition, '/', 2) <> p_definition)
      or (p_actor_id is not null and (v_definition, v_actor_id) <> (p_definition, p_actor_id)) then
      return next row(
        -6 /* Kind.verdict */, p_id, v_definition, v_actor_id, null, 5 /* Verdict.other */, 0, 0, 0, null)::answer;
      return;
    end if;
  end if;

  if p_id is null then
    ids := performing_outside(p_definition, p_actor_id);
    if cardinality(ids) = 0 then
      return next news(-6 /* Kind.verdict */, null, 0 /* Verdict.none */);
      return;
    end if;
    if cardinality(ids) > 1 then
      return next news(-6 /* Kind.verdict */, null, 2 /* Verdict.ambiguous */, to_json(ids));
      return;
    end if;
    p_id := ids[1];
  elsif not p_outbound then
    -- one that nobody has taken, or that is being prepared, is marked: whoever has its definition ends it, before what
    -- else is queued
    update jobs
    set
      cancelled_at = clock_timestamp(),
      priority = -1000 /* Priority.first */,
      token = null,
      due_at = null,
      elder = null,
      failure = case when p_cause ? 'reason' then cause_at(p_cause, definition, actor_id) else failure end
    where ctid = any(array(
      select ctid
      from jobs
      where action = p_id and kind = 0 /* JobKind.invocation */ and cancelled_at is null
      for update skip locked));
    if found then
      return next row(
        -6 /* Kind.verdict */, p_id, v_definition, v_actor_id, null, 1 /* Verdict.done */, 0, 0, 0, null)::answer;
      return next news(-7 /* Kind.interrupt */, p_id);
      return next news(-8 /* Kind.queued */);
      return;
    end if;
  end if;

  select lane, seat, lanes into v_lane, v_seat, v_lanes from live_actions where id = p_id;
  if not found then
    if p_outbound and exists (
      select 1 from jobs where action = p_id and kind = 0 /* JobKind.invocation */ and cancelled_at is null
    ) then
      return next row(
        -6 /* Kind.verdict */, p_id, v_definition, v_actor_id, null, 6 /* Verdict.notStarted */, 0, 0, 0, null)::answer;
      return;
    end if;
    -- neither queued nor over: on its way from one to the other
    return next news(
      -6 /* Kind.verdict */,
      p_id,
      case
        when exists (
            select 1 from jobs where action = p_id and kind = 0 /* JobKind.invocation */ and cancelled_at is not null)
          or exists (select 1 from ended_actions where id = p_id)
          or exists (select 1 from outcomes where id = p_id)
          then 4 /* Verdict.over */
        else 3 /* Verdict.busy */ end);
    return;
  end if;
  -- a lane that moved on while we waited for it is not ours: somebody may be joining this action
  if v_seat is not null then
    perform 1 from live_actions where lane = v_lane and seat = 0 /* Seat.performing */ for update;
    if not found then
      return next news(-6 /* Kind.verdict */, p_id, 3 /* Verdict.busy */);
      return;
    end if;
  elsif v_lanes is not null then
    perform lock_named_lanes(array[p_id]);
  end if;
  select status, phase, flags, outcome, timeout_at, silent_at, details, definition, actor_id
  into l
  from live_actions
  where id = p_id
  for update;
  if not found then
    return next news(-6 /* Kind.verdict */, p_id, 3 /* Verdict.busy */);
    return;
  end if;
  if p_outbound
    and l.outcome is null
    and l.flags & 16 /* Flag.outbound */ <> 0
    and l.status = 0 /* Status.pending */ then
    return next row(
      -6 /* Kind.verdict */, p_id, l.definition, l.actor_id, null, 6 /* Verdict.notStarted */, 0, 0, 0, null)::answer;
    return;
  end if;
  if l.outcome is not null or (p_outbound and l.flags & 16 /* Flag.outbound */ = 0) then
    return next news(-6 /* Kind.verdict */, p_id, 4 /* Verdict.over */);
    return;
  end if;
  if p_step is not null and not attempt_counts(p_id, p_step, p_attempt) then
    return next news(-6 /* Kind.verdict */, p_id, 4 /* Verdict.over */);
    return;
  end if;
  if p_outbound and least(l.timeout_at, l.silent_at) <= p_now then
    -- its time was over, and nobody has noticed: whoever completes it comes too late
    return next news(-6 /* Kind.verdict */, p_id, 4 /* Verdict.over */);
    return query select * from end_from_outside(
      p_token, p_now, p_definitions, p_first_steps, p_flags, array[p_id], 6 /* Status.timed_out */::smallint, null,
      case when l.silent_at < coalesce(l.timeout_at, 'infinity') then silent_cause(l.details) end);
    return;
  end if;
  return next row(
    -6 /* Kind.verdict */, p_id, l.definition, l.actor_id, null, 1 /* Verdict.done */, 0, 0, 0, null)::answer;
  -- until the end of this transaction, and only as far as it is not taken back by a savepoint: see finish
  perform set_config(
    'stepped.ended', concat_ws(',', nullif(current_setting('stepped.ended', true), ''), p_id), true);
  return query select * from end_from_outside(
    p_token, p_now, p_definitions, p_first_steps, p_flags, array[p_id], p_status, p_result, p_cause, p_unwinds,
    p_trace);
end $$;
