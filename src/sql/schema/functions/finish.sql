-- Applies what a worker's bodies did: steps, parking, children, decided outcomes, ends. A conclusion whose live row is
-- no longer at the step and phase that were performed, under this token, is stale: it changes nothing and the others go
-- on.
create function finish(
  p_token bigint, p_now timestamptz, p_definitions text[], p_first_steps text[], p_flags smallint[],
  conclusion_action uuid[], conclusion_step int[], conclusion_phase smallint[], conclusion_step_name text[],
  conclusion_step_kind smallint[], conclusion_step_status smallint[], conclusion_step_result jsonb[],
  conclusion_step_marked boolean[], conclusion_step_started_at timestamptz[], conclusion_step_waited boolean[],
  conclusion_ends boolean[], conclusion_keeps boolean[], conclusion_next_phase smallint[], conclusion_next_step int[],
  conclusion_next_name text[], conclusion_next_kind smallint[], conclusion_arguments jsonb[],
  conclusion_outcome smallint[], conclusion_result jsonb[], conclusion_cause jsonb[],
  conclusion_callbacks_succeeded smallint[], conclusion_callbacks_failed smallint[], conclusion_callbacks jsonb[],
  conclusion_failure jsonb[], conclusion_attempts smallint[], conclusion_job boolean[],
  conclusion_due timestamptz[],
  slot_action uuid[], slot_step int[], slot_slot int[], slot_child uuid[], slot_definition text[], slot_actor_id text[],
  slot_due timestamptz[], slot_success text[], child_queue text[], child_action uuid[], child_definition text[],
  child_actor_id text[], child_arguments jsonb[], child_lane text[], child_lanes text[], child_checksum_key text[],
  child_checksum text[],
  child_timeout float8[], child_parent uuid[], child_parent_step int[], child_depth smallint[], child_ordered bool[],
  child_prepared boolean[], child_priority smallint[], child_due timestamptz[], child_tags text[])
returns setof answer language plpgsql set search_path from current as $$
declare
  -- of the conclusions, by their numbers: those that are not stale; null if none is
  good int[];
  places tid[];
  -- of the actions that end
  v_ids uuid[];
  v_arguments jsonb[];
  v_outcomes smallint[];
  v_results jsonb[];
  v_causes jsonb[];
  v_succeeded smallint[];
  v_failed smallint[];
  v_step_names text[];
  v_step_kinds smallint[];
  v_abrupt uuid[];
  -- those that have ended without being locked before, their lanes, and whether they may have achieved something
  ended uuid[];
  freed text[];
  achieves boolean;
begin
  perform require_read_committed();
  if leased(p_token) is null then
    return next news(-5 /* Kind.lostLease */);
    return;
  end if;

  -- all of them end, and none has callbacks or a step with a row of its own
  if conclusion_next_phase is null
    and 3 /* Phase.callbacks */ <> all(conclusion_phase)
    and (
      conclusion_step_name is null
      or (
        0 = all(conclusion_step) and conclusion_step_result is null and conclusion_step_waited is null
        and 4 /* Status.cancelled */ <> all(conclusion_step_status)
        and 8 /* StepStatus.skipped */ <> all(conclusion_step_status))) then
    select e.ended, e.freed, e.achieves
    into ended, freed, achieves
    from end_live(
      p_token, p_now, conclusion_action, conclusion_step, conclusion_phase, conclusion_arguments, conclusion_outcome,
      conclusion_result, conclusion_cause, conclusion_callbacks_succeeded, conclusion_callbacks_failed,
      conclusion_step_name, conclusion_step_kind) e;
    if ended is not null then
      return query select * from after_ends(
        p_token, p_now, p_definitions, p_first_steps, p_flags, freed, ended, achieves, null);
      if cardinality(ended) = cardinality(conclusion_action) then return; end if;
    end if;
    -- Most often what is left is stale, and nothing is locked for it. If one was only changed at this moment, its lane
    -- comes after what the ends have locked; should that ever close a cycle, the server ends one of us, which tries
    -- again.
  end if;

  select l.good, l.places
  into good, places
  from lock_concluded(p_token, conclusion_action, conclusion_step, conclusion_phase, conclusion_ends) l;
  if good is not null then
    return query select * from stale_conclusions(
      conclusion_action, conclusion_step, conclusion_phase, good, ended);
    if cardinality(good) = 0 then return; end if;
  end if;

  with c as materialized (
    select x.*
    from unnest(
      conclusion_action, conclusion_step, conclusion_phase, conclusion_step_name, conclusion_step_kind,
      conclusion_step_status, conclusion_step_result, conclusion_step_marked, conclusion_step_started_at,
      conclusion_step_waited, conclusion_ends, conclusion_keeps, conclusion_next_phase, conclusion_next_step,
      conclusion_next_name, conclusion_next_kind, conclusion_arguments, conclusion_outcome, conclusion_result,
      conclusion_cause, conclusion_callbacks_succeeded, conclusion_callbacks_failed, conclusion_callbacks,
      conclusion_failure, conclusion_attempts, places
    ) with ordinality as x(
      action, step, phase, step_name, step_kind, step_status, step_result, step_marked, step_started_at, step_waited,
      ends, keeps, next_phase, next_step, next_name, next_kind, arguments, outcome, result, cause, callbacks_succeeded,
      callbacks_failed, callbacks, failure, attempts, place, n)
    where good is null or x.n = any(good)
  ),
  -- an action that ends with its first step needs no row for it, unless that was cancelled or skipped: the history has
  -- its name
  new_steps as (
    insert into steps (action, idx, kind, name, status, marked, result, started_at, ended_at)
    select
      c.action, c.step, c.step_kind, c.step_name, c.step_status, coalesce(c.step_marked, false), c.step_result,
      c.step_started_at, case when c.step_status = 1 /* Status.performing */ then null else p_now end
    from c
    where
      c.step_name is not null
      and not coalesce(c.step_waited, false)
      and not (
        coalesce(c.ends, false) and c.step = 0 and c.step_result is null
        and c.step_status not in (4 /* Status.cancelled */, 8 /* StepStatus.skipped */))
  ),
  ended_steps as (
    update steps s
    set status = c.step_status, ended_at = p_now, result = coalesce(c.step_result, s.result)
    from c
    where c.step_waited and s.action = c.action and s.idx = c.step
  ),
  moved as (
    update live_actions l
    set
      token = case when c.keeps then l.token end,
      phase = c.next_phase,
      step = coalesce(c.next_step, l.step),
      step_name = case when c.next_step is not null then c.next_name else l.step_name end,
      step_kind = case when c.next_step is not null then c.next_kind else l.step_kind end,
      step_started_at = case when c.next_step is not null then p_now else l.step_started_at end,
      arguments = coalesce(c.arguments, l.arguments),
      attempts = case when c.attempts < 0 then 0 else l.attempts + coalesce(c.attempts, 0) end,
      outcome = coalesce(c.outcome, l.outcome),
      result = case when c.outcome is null then l.result else c.result end,
      cause = case when c.outcome is null then l.cause else c.cause end,
      callbacks = coalesce(c.callbacks, l.callbacks),
      failure = case when c.attempts < 0 then null else coalesce(c.failure, l.failure) end
    from c
    where l.ctid = c.place and not coalesce(c.ends, false)
  )
  select
    array_agg(c.action), array_agg(c.arguments), array_agg(c.outcome), array_agg(c.result), array_agg(c.cause),
    array_agg(c.callbacks_succeeded), array_agg(c.callbacks_failed),
    array_agg(
      case when c.step = 0 and not coalesce(c.step_waited, false) and c.step_result is null
        and c.step_status not in (4 /* Status.cancelled */, 8 /* StepStatus.skipped */)
        then c.step_name end),
    array_agg(c.step_kind),
    array_agg(c.action) filter (where c.phase = 3 /* Phase.callbacks */)
  into v_ids, v_arguments, v_outcomes, v_results, v_causes, v_succeeded, v_failed, v_step_names, v_step_kinds, v_abrupt
  from c
  where c.ends;

  if conclusion_job is not null then
    perform continue_by_job(p_now, array_agg(c.action), array_agg(c.due))
    from unnest(conclusion_action, conclusion_job, conclusion_due) with ordinality as c(action, job, due, n)
    where c.job and (good is null or c.n = any(good));
  end if;
  if slot_action is not null then
    perform add_children(
      p_now, numbers_of_valid(slot_action, slot_step, good, conclusion_action, conclusion_step, conclusion_phase),
      numbers_of_valid(child_parent, child_parent_step, good, conclusion_action, conclusion_step, conclusion_phase),
      slot_action, slot_step, slot_slot, slot_child, slot_definition, slot_actor_id, slot_due, slot_success,
      child_queue, child_action, child_definition, child_actor_id, child_arguments, child_lane, child_lanes,
      child_checksum_key, child_checksum, child_timeout, child_parent, child_parent_step, child_depth, child_ordered,
      child_prepared,
      child_priority, child_due, child_tags);
    if child_action is not null then return next news(-8 /* Kind.queued */); end if;
  end if;
  if v_ids is not null then
    return query select * from end_actions(
      p_token, p_now, p_definitions, p_first_steps, p_flags, v_ids, v_arguments, v_outcomes, v_results, v_causes,
      v_succeeded, v_failed, v_step_names, v_step_kinds, v_abrupt);
  end if;
end $$;
