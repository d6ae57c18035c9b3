-- A new action goes on for one that has failed, timed out or was cancelled (rule 18.1), from `p_from` on, if that is
-- given; with `p_is_upwards`, for the uppermost of those that have failed because of it, which then retries those below
-- it. It is queued, and takes over where it begins (`take_over`). `became`: `done`, with the new action and the one
-- that it goes on for; `retried`, with the one that goes on for it already; `laneBusy`, with whom it would end, and the
-- lane; `notRetryable`, with the reason, the action that is meant, and the step; `none`.
--
-- Who is asked for, and one above him, are not retried beside each other: the later one waits for the first by the
-- advisory lock of where both come from (`retry_origin`), and sees what that has made. Whoever retries and has that
-- lock waits for nobody any more; rows of the history are locked before.
-- For other functions only: it inherits their search path and their settings.
create function retry_action(
  p_now timestamptz, p_action uuid, p_from text, p_is_upwards boolean, out became text, out action uuid,
  out lane text, out reason text, out step text, out retried uuid)
language plpgsql as $$
#variable_conflict use_column
declare
  e record;
  above record;
  from_step int;
  v_new uuid;
begin
  perform require_read_committed();
  became := 'notRetryable';
  action := p_action;
  retried := p_action;
  -- what never began is no link of the chain: whoever retries it goes on for what it was to go on for
  loop
    -- of one that is being undone nobody locks the row: who ends that waits for it, and holds lanes
    if exists (select 1 from live_actions l where l.id = retried and l.unwinds is not null) then
      reason := 'live';
      return;
    end if;
    select
      a.id, a.definition, a.actor_id, a.queue, a.arguments, a.lane, a.lanes, a.checksum_key, a.checksum,
      a.timeout_ms, a.status, a.step_name, a.started_at, a.tags, a.trace, a.retry_of, a.given
    into e
    from ended_actions a
    where a.id = retried
    for no key update;
    if not found then
      -- in one look: it may end just now
      reason := (
        select case
          when retried <> p_action then 'deleted'
          when exists (select 1 from live_actions l where l.id = p_action)
            or exists (select 1 from jobs j where j.action = p_action and j.kind = 0 /* JobKind.invocation */)
            then 'live'
          when exists (select 1 from outcomes o where o.id = p_action) then 'notStored'
          when exists (select 1 from ended_actions a where a.id = p_action) then 'ended' end);
      continue when reason = 'ended';
      if reason is null then became := 'none'; end if;
      return;
    end if;
    reason := null;
    exit when e.started_at is not null or e.retry_of is null;
    retried := e.retry_of;
  end loop;
  if exists (select 1 from live_actions l where l.id = retried) then
    reason := 'live';
    return;
  end if;
  if has_forgotten(retried) then
    reason := 'forgotten';
    return;
  end if;
  if e.status not in (4 /* Status.cancelled */, 5 /* Status.failed */, 6 /* Status.timed_out */) then
    reason := 'status';
    return;
  end if;
  if p_is_upwards then
    select u.top, u.action, u.step, u.reason into above from retried_upwards(e.id) u;
    if above.reason is not null then
      action := above.action;
      step := above.step;
      reason := above.reason;
      return;
    end if;
    retried := above.top;
    select
      a.id, a.definition, a.actor_id, a.queue, a.arguments, a.lane, a.lanes, a.checksum_key, a.checksum,
      a.timeout_ms, a.status, a.step_name, a.started_at, a.tags, a.trace, a.retry_of, a.given
    into e
    from ended_actions a
    where a.id = retried;
  end if;
  perform pg_advisory_xact_lock(hashtextextended(
    'stepped retry ' || quote_ident(current_schema()) || retry_origin(e.id)::text, 0));
  -- in this order: what is to begin may begin, and retry it, in between
  action := retried_above(e.id);
  action := coalesce(gone_on_for(e.id), action);
  if action is not null then
    became := 'retried';
    return;
  end if;
  action := e.id;
  if p_from is not null then
    select x.idx
    into from_step
    from (
      select s.idx
      from steps s
      where s.action = e.id and s.name = p_from and s.kind <> 5 /* StepKind.compensation */
      union all
      select 0 where e.step_name = p_from
    ) x
    order by x.idx desc
    limit 1;
    if from_step is null or from_step > (select g.step from goes_on_at(e.id, null, false) g) then
      step := p_from;
      reason := 'noSuchStep';
      return;
    end if;
  end if;
  select n.action, n.step, n.reason into above from not_retryable(e.id, from_step) n;
  if above.reason is not null then
    action := above.action;
    step := above.step;
    reason := above.reason;
    return;
  end if;
  if e.started_at is not null then
    select n.action, lane_name(n.lane) into action, lane from newcomer_ends(e.lane, e.lanes) n;
    if action is null then select b.action, lane_name(b.lane) into action, lane from busy_for(e.id, p_now) b; end if;
    if action is not null then
      became := 'laneBusy';
      return;
    end if;
  end if;
  v_new := new_action_id(p_now);
  insert into retries (action, first, compensated, step)
  select v_new, f.first, f.compensated, from_step from retry_facts(e.id) f;
  -- the keys of one that never began may not have been looked at
  insert into jobs (
    queue, priority, kind, action, definition, actor_id, arguments, lane, lanes, checksum_key, checksum, timeout_ms,
    prepared, enqueued_at, tags, trace, retry_of)
  values (
    coalesce(e.queue, 'default'), 0 /* Priority.inOrder */, 0 /* JobKind.invocation */, v_new, e.definition, e.actor_id,
    case when e.started_at is not null then e.arguments else coalesce(e.given, e.arguments) end,
    case when e.started_at is not null then e.lane end,
    case when e.started_at is not null then e.lanes end,
    case when e.started_at is not null then e.checksum_key end, e.checksum, e.timeout_ms, e.started_at is not null,
    p_now, e.tags, e.trace, e.id);
  became := 'done';
  action := v_new;
end $$;
