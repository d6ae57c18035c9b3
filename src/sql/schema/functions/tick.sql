-- What time has brought: timeouts first, those of actions, of those that nothing is heard of, and then those of steps;
-- in a call that finds none, delayed invocations, which are in their queues from now on, what nothing pauses any more,
-- waits; in a call that finds nothing else, starts that lanes have put off: who begins erases achievements, and those
-- of a call are locked in one pass. Rows that somebody holds are left for the next call.
create function tick(
  p_token bigint, p_now timestamptz, p_definitions text[], p_first_steps text[], p_flags smallint[], p_limit int)
returns setof answer language plpgsql set search_path from current as $$
declare
  late uuid[];
  parents uuid[];
  parent_steps int[];
  timed_out int := 0;
  joining int := 0;
  -- steps whose waits are over, as far as nobody else has them
  looked_at int := 0;
  lanes_due text[];
  v_lane text;
  v_started uuid[];
  v_due timestamptz;
  forgotten int := 0;
  has_times boolean;
  has_signals boolean;
begin
  perform require_read_committed();
  late := array(
    select id
    from live_actions
    where timeout_at <= p_now and outcome is null and status = 1 /* Status.performing */
    order by timeout_at
    limit p_limit
    for update skip locked);
  if cardinality(late) > 0 and exists (select 1 from live_actions where id = any(late) and lanes is not null) then
    late := lock_named_lanes_free(late);
  end if;
  if cardinality(late) > 0 then
    return query select * from end_from_outside(
      p_token, p_now, p_definitions, p_first_steps, p_flags, late, 6 /* Status.timed_out */::smallint, null, null);
    timed_out := cardinality(late);
  else
    return query select * from end_silent(p_token, p_now, p_definitions, p_first_steps, p_flags, p_limit);
    get diagnostics timed_out = row_count;
    if timed_out = 0 then
      return query select * from time_out_steps(p_token, p_now, p_definitions, p_flags, p_limit);
      get diagnostics timed_out = row_count;
    end if;
  end if;
  if timed_out = 0 then
    joining := queue_delayed(p_now, p_limit) + resume_paused(p_now, p_limit);
    if joining > 0 then return next news(-8 /* Kind.queued */); end if;
  end if;
  if timed_out = 0 then
    select
      exists (select 1 from slots where due_at <= p_now and status is null and signal is null),
      exists (select 1 from slots where due_at <= p_now and status is null and signal is not null)
    into has_times, has_signals;
  end if;
  if has_signals then
    return query select * from time_out_signals(p_token, p_now, p_definitions, p_flags, p_limit);
    get diagnostics timed_out = row_count;
  end if;
  if has_times then
    with c as (
      select action, step, ctid as place
      from slots
      where due_at <= p_now and status is null and signal is null
      order by due_at
    ),
    s as (
      select c.place
      from c
      cross join lateral (
        select from steps t where t.action = c.action and t.idx = c.step for no key update skip locked
      ) t
      limit p_limit
    ),
    u as (
      update slots o
      set status = 2 /* Status.succeeded */
      from s
      where o.ctid = s.place and o.status is null
      returning o.action, o.step
    )
    select array_agg(action), array_agg(step), (select count(*) from s) into parents, parent_steps, looked_at from u;
    if parents is not null then
      return query select * from resume_parents(leased(p_token), p_now, p_definitions, parents, parent_steps, p_flags);
    end if;
  end if;
  if timed_out = 0 and joining = 0 and looked_at = 0 then
    lanes_due := array(
      select lane from named_lanes where due_at <= p_now order by due_at limit p_limit for update skip locked);
    -- resumed: for who waits in a lane that cancels one is cancelled now, one lane a call
    v_lane := (
      select n.lane
      from named_lanes n
      where n.lane = any(lanes_due) and n.paused and n.settings ->> 'whenBusy' = 'cancelRunning'
      order by n.lane
      limit 1);
    if v_lane is not null and free_at((
      select s.action from seats s where s.lane = v_lane and s.seat is null order by s.priority, s.place limit 1
    )) = 'infinity' then
      joining := 1;
      update named_lanes set paused = null where lane = v_lane;
      return query select * from cancel_for_newcomer(
        leased(p_token), p_now, p_definitions, p_first_steps, p_flags, v_lane);
    elsif cardinality(lanes_due) > 0 then
      select f.started, f.due into v_started, v_due from fill_named_lanes(p_now, lanes_due) f;
      forgotten := forget_empty_lanes(p_now, lanes_due);
      return query select * from promote_next_in_named_lanes(
        leased(p_token), p_now, p_definitions, p_first_steps, p_flags, v_started, v_due);
    end if;
  end if;
  return next news(
    -1 /* Kind.taken */, null, timed_out + looked_at + joining + coalesce(cardinality(v_started), 0) + forgotten);
end $$;
