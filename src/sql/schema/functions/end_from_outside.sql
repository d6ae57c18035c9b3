-- Ends live actions from outside (locked by the caller): by way of what undoes them, where they have some of it and do
-- not succeed, and before that, or where it is shielded, by way of the end of the body that runs; else through their
-- callbacks where they have some for the status, else at once. One kind a call, in this order, since each locks steps
-- in a pass of its own; the others are the caller's to call again for. With `p_unwinds` false nothing is undone.
-- The cause is given without a path, which is each one's own; that its time was over needs none. `p_trace` is the
-- span of who completes them.
-- For other functions only: it inherits their search path and their settings.
create function end_from_outside(
  p_token bigint, p_now timestamptz, p_definitions text[], p_first_steps text[], p_flags smallint[], p_ids uuid[],
  p_status smallint, p_result jsonb, p_cause jsonb, p_unwinds boolean default true, p_trace text default null)
returns setof answer language plpgsql as $$
declare
  flag int := case p_status
    when 2 /* Status.succeeded */ then 1 /* Flag.succeeded */
    when 5 /* Status.failed */ then 2 /* Flag.failed */
    when 4 /* Status.cancelled */ then 4 /* Flag.cancelled */
    when 6 /* Status.timed_out */ then 8 /* Flag.timed_out */
    else 0 end;
  unwinding uuid[] := '{}'::uuid[];
  closing uuid[];
  hooked uuid[];
  left_by record;
  n int := cardinality(p_ids);
begin
  p_token := leased(p_token);
  if p_status = 6 /* Status.timed_out */ and p_cause is null then
    p_cause := jsonb_build_object('kind', 'timed_out', 'message', 'timed out' /* words.timedOut */);
  end if;
  if p_unwinds and p_status <> 2 /* Status.succeeded */ then
    unwinding := array(
      select id
      from live_actions l
      where
        id = any(p_ids)
        and status = 1 /* Status.performing */
        and (
          (flags | coalesce(p_flags[array_position(p_definitions, definition)], 0::smallint))
          & 64 /* Flag.compensates */ <> 0
          -- a deploy may have taken them away since
          or exists (select 1 from steps s where s.action = l.id and s.undo is not null offset 0)));
  end if;
  -- between two attempts, and before the first, nothing runs
  closing := array(
    select id
    from live_actions
    where
      id = any(p_ids)
      and status = 1 /* Status.performing */
      and phase in (0 /* Phase.step */, 4 /* Phase.job */)
      and (
        (token is not null and id = any(unwinding))
        or (
          phase = 0 /* Phase.step */
          and (token is not null or step_started_at is not null)
          and (flags | coalesce(p_flags[array_position(p_definitions, definition)], 0::smallint))
            & 256 /* Flag.shields */ <> 0)));
  if cardinality(closing) > 0 then
    return query select * from close_running(
      closing, p_status, p_result, p_cause, p_unwinds and p_status <> 2 /* Status.succeeded */, p_trace);
    return;
  end if;
  if cardinality(unwinding) > 0 then
    return query select * from fix_outcome(p_now, unwinding, p_status, p_result, p_cause, true, p_trace);
    return;
  end if;
  -- those of the version that had it last, and those that this one knows of: with none in the end, its worker ends it
  -- all the same
  hooked := array(
    select id
    from live_actions
    where
      id = any(p_ids)
      and (flags | coalesce(p_flags[array_position(p_definitions, definition)], 0::smallint)) & flag <> 0);
  if cardinality(hooked) > 0 then
    -- who waits leaves its named lanes, as it leaves a plain one; who performs is in them until its callbacks have run
    if exists (select 1 from live_actions where id = any(hooked) and lanes is not null) then
      select l.started, l.due into left_by from leave_named_lanes(p_now, hooked, true) l;
      return query select * from promote_next_in_named_lanes(
        p_token, p_now, p_definitions, p_first_steps, p_flags, left_by.started, left_by.due);
    end if;
    return query select * from fix_outcome(p_now, hooked, p_status, p_result, p_cause, false, p_trace);
  else
    -- with whose end it is: of a root's time that is over nobody else speaks
    return query
      select
        (-3 /* Kind.ended */)::smallint, id, definition, actor_id, null::jsonb, 0, p_status, 0::smallint, depth,
        null::json
      from live_actions
      where id = any(p_ids);
    return query select * from end_actions(
      p_token, p_now, p_definitions, p_first_steps, p_flags, p_ids,
      null, array_fill(p_status, array[n]), array_fill(p_result, array[n]),
      case when p_cause is null then array_fill(p_cause, array[n]) else array(
        select cause_at(p_cause, l.definition, l.actor_id)
        from unnest(p_ids) with ordinality x(id, n)
        left join lateral (
          select l.definition, l.actor_id from live_actions l where l.id = x.id offset 0
        ) l on true
        order by x.n) end,
      null, null, null, null, p_ids, p_trace);
  end if;
end $$;
