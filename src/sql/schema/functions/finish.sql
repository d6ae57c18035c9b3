-- Applies what a worker's bodies did: steps, parking, children, decided outcomes, ends. A conclusion whose live row is
-- no longer at the step and phase that were performed, under this token and in this epoch, is stale: it changes nothing
-- and the others go on.
create function finish(
  p_token bigint, p_now timestamptz, p_definitions text[], p_first_steps text[], p_flags smallint[],
  conclusion_action uuid[], conclusion_epoch int[], conclusion_step int[], conclusion_phase smallint[],
  conclusion_step_name text[],
  conclusion_step_kind smallint[], conclusion_step_status smallint[], conclusion_step_result jsonb[],
  conclusion_step_marked boolean[], conclusion_step_started_at timestamptz[], conclusion_step_waited boolean[],
  conclusion_step_attempt smallint[], conclusion_step_attempts jsonb[], conclusion_step_memos boolean[],
  conclusion_step_unread boolean[],
  conclusion_step_timeout_at timestamptz[], conclusion_heartbeat float8[],
  conclusion_step_undo smallint[], conclusion_step_undoes int[], conclusion_trace text[],
  conclusion_ends boolean[], conclusion_keeps boolean[], conclusion_next_phase smallint[], conclusion_next_step int[],
  conclusion_next_name text[], conclusion_next_kind smallint[], conclusion_arguments jsonb[],
  conclusion_outcome smallint[], conclusion_result jsonb[], conclusion_cause jsonb[],
  conclusion_callbacks_succeeded smallint[], conclusion_callbacks_failed smallint[], conclusion_callbacks jsonb[],
  conclusion_failure jsonb[], conclusion_attempts smallint[], conclusion_job boolean[],
  conclusion_due timestamptz[],
  slot_action uuid[], slot_step int[], slot_slot int[], slot_child uuid[], slot_definition text[], slot_actor_id text[],
  slot_due timestamptz[], slot_success text[], slot_error text[], slot_attempt smallint[],
  slot_request text[], slot_reuses int[], slot_signal text[], slot_optional boolean[], slot_heartbeat float8[],
  received_action uuid[],
  received_step int[], received_id float8[], child_queue text[], child_action uuid[],
  child_definition text[],
  child_actor_id text[], child_arguments jsonb[], child_lane text[], child_lanes text[], child_checksum_key text[],
  child_checksum text[], child_timeout float8[], child_parent uuid[], child_parent_step int[], child_depth smallint[],
  child_ordered bool[], child_prepared boolean[], child_priority smallint[], child_due timestamptz[], child_tags text[],
  child_trace text[], child_tenant text[], child_started_by uuid[], child_started_by_step int[])
returns setof answer language plpgsql set search_path from current as $$
declare
  -- of the conclusions, by their numbers: those that are not stale; null if none is
  good int[];
  places tid[];
  -- of the actions that end
  gone record;
  -- those that are stored without being locked before; of those that have ended their lanes, and whether they may have
  -- achieved something
  stored uuid[];
  freed text[];
  achieves boolean;
  executed uuid[];
begin
  perform require_read_committed();
  if leased(p_token) is null then
    return next news(-5 /* Kind.lostLease */);
    return;
  end if;

  -- all of them end, and none has callbacks, a step with a row of its own, memos, or something that it starts
  if conclusion_next_phase is null
    and child_action is null
    and conclusion_step_memos is null
    and received_action is null
    and 3 /* Phase.callbacks */ <> all(conclusion_phase)
    and (
      conclusion_step_name is null
      or (
        0 = all(conclusion_step) and conclusion_step_result is null and conclusion_step_waited is null
        and conclusion_step_attempt is null
        and 4 /* Status.cancelled */ <> all(conclusion_step_status)
        and 8 /* StepStatus.skipped */ <> all(conclusion_step_status))) then
    select e.ended, e.freed, e.achieves, e.executed
    into stored, freed, achieves, executed
    from move_to_history(
      p_token, p_now, conclusion_action, conclusion_epoch, conclusion_step, conclusion_phase, conclusion_arguments,
      conclusion_outcome, conclusion_result, conclusion_cause, conclusion_callbacks_succeeded,
      conclusion_callbacks_failed, conclusion_step_name, conclusion_step_kind) e;
    if stored is not null then
      return query select * from after_ends(
        p_token, p_now, p_definitions, p_first_steps, p_flags, freed, stored, achieves, null, executed);
    end if;
  -- or of all of them a step has ended, and nothing else: each column is null, or goes on
  elsif 0 /* Phase.step */ = all(conclusion_phase)
    and 0 /* Phase.step */ = all(conclusion_next_phase)
    and true = all(conclusion_keeps)
    and child_action is null and slot_action is null and received_action is null
    and conclusion_step_waited is null and conclusion_step_attempt is null and conclusion_step_attempts is null
    and conclusion_step_memos is null and conclusion_step_unread is null and conclusion_step_timeout_at is null
    and conclusion_heartbeat is null and conclusion_step_undo is null and conclusion_step_undoes is null
    and conclusion_trace is null and conclusion_ends is null and conclusion_arguments is null
    and conclusion_outcome is null and conclusion_result is null and conclusion_cause is null
    and conclusion_callbacks_succeeded is null and conclusion_callbacks_failed is null and conclusion_callbacks is null
    and conclusion_failure is null and conclusion_attempts is null and conclusion_job is null
    and conclusion_due is null then
    stored := move_on(
      p_token, p_now, conclusion_action, conclusion_epoch, conclusion_step, conclusion_step_name, conclusion_step_kind,
      conclusion_step_status, conclusion_step_result, conclusion_step_marked, conclusion_step_started_at,
      conclusion_next_step, conclusion_next_name, conclusion_next_kind);
  end if;
  if stored is not null then
    if cardinality(stored) = cardinality(conclusion_action) then return; end if;
    -- Most often what is left is stale, and nothing is locked for it. If one was only changed at this moment, its lane
    -- comes after what is locked by now; should that ever close a cycle, the server ends one of us, which tries
    -- again.
  end if;

  select l.good, l.places
  into good, places
  from lock_concluded(
    p_token, conclusion_action, conclusion_epoch, conclusion_step, conclusion_phase, conclusion_ends) l;
  if good is not null then
    return query select * from stale_conclusions(
      conclusion_action, conclusion_step, conclusion_phase, good, stored);
    if cardinality(good) = 0 then return; end if;
  end if;

  select * into gone
  from apply_conclusions(
    p_now, good, places, conclusion_action, conclusion_step, conclusion_phase, conclusion_step_name,
    conclusion_step_kind, conclusion_step_status, conclusion_step_result, conclusion_step_marked,
    conclusion_step_started_at, conclusion_step_waited, conclusion_step_attempt, conclusion_step_attempts,
    conclusion_step_memos, conclusion_step_timeout_at, conclusion_heartbeat, conclusion_step_undo,
    conclusion_step_undoes, conclusion_trace,
    conclusion_ends, conclusion_keeps, conclusion_next_phase, conclusion_next_step, conclusion_next_name,
    conclusion_next_kind, conclusion_arguments, conclusion_outcome, conclusion_result, conclusion_cause,
    conclusion_callbacks_succeeded, conclusion_callbacks_failed, conclusion_callbacks, conclusion_failure,
    conclusion_attempts);

  -- what has come meanwhile to one that is suspended now: it goes on instead
  if 8 /* Phase.suspended */ = any(conclusion_next_phase)
    and go_on_woken(p_now, good, conclusion_action, conclusion_next_phase, conclusion_step_marked) > 0 then
    return next news(-8 /* Kind.queued */);
  end if;
  -- what a step has done once is not asked for again when it has succeeded
  if conclusion_step_memos is not null then
    delete from memos m
    using unnest(
      conclusion_action, conclusion_step, conclusion_step_kind, conclusion_step_name, conclusion_step_status,
      conclusion_step_memos) with ordinality as c(action, step, kind, name, status, memos, n)
    where
      c.memos and c.status = 2 /* Status.succeeded */ and (good is null or c.n = any(good))
      -- what undoes a step, and has waited, begins again as another row
      and m.action = c.action and (m.step = c.step or (m.step_kind = c.kind and m.step_name = c.name));
  end if;
  -- before a wait of the same step takes one of them
  if conclusion_step_unread is not null or received_action is not null then
    perform read_signals(
      good, conclusion_action, conclusion_step, conclusion_phase, conclusion_step_unread, received_action,
      received_step, received_id);
  end if;
  if conclusion_job is not null and go_on_later(p_now, good, conclusion_action, conclusion_job, conclusion_due) then
    return next news(-8 /* Kind.queued */);
  end if;
  if slot_action is not null or child_action is not null then
    perform add_children(
      p_now,
      numbers_of_valid(
        slot_action, slot_step, null, null, good, conclusion_action, conclusion_step, conclusion_phase),
      numbers_of_valid(
        child_parent, child_parent_step, child_started_by, child_started_by_step, good, conclusion_action,
        conclusion_step, conclusion_phase),
      slot_action, slot_step, slot_slot, slot_child, slot_definition, slot_actor_id, slot_due, slot_success, slot_error,
      slot_attempt, slot_request, slot_reuses, slot_signal, slot_optional, slot_heartbeat,
      child_queue, child_action, child_definition, child_actor_id, child_arguments, child_lane, child_lanes,
      child_checksum_key, child_checksum, child_timeout, child_parent, child_parent_step, child_depth, child_ordered,
      child_prepared,
      child_priority, child_due, child_tags, child_trace, child_tenant, child_started_by, child_started_by_step);
    if child_action is not null then return next news(-8 /* Kind.queued */); end if;
    if slot_signal is not null then
      return query select * from go_on_signalled(
        p_token, p_now, p_definitions, p_flags, numbers_of_valid(
          slot_action, slot_step, null, null, good, conclusion_action, conclusion_step, conclusion_phase),
        slot_action, slot_step, slot_signal);
    end if;
  end if;
  if conclusion_step_undoes is not null and 8 /* Undo.unwind */ = any(conclusion_step_undo) then
    return query select * from unwind_children(
      p_token, p_now, p_definitions, p_flags, good, conclusion_action, conclusion_step, conclusion_step_kind,
      conclusion_step_status, conclusion_step_undo, conclusion_step_undoes);
  end if;
  if gone.ids is not null then
    return query select * from end_actions(
      p_token, p_now, p_definitions, p_first_steps, p_flags, gone.ids, gone.arguments, gone.outcomes, gone.results,
      gone.causes, gone.succeeded, gone.failed, gone.step_names, gone.step_kinds, gone.abrupt);
  end if;
end $$;
