-- When an invocation is to start that waits in the queue, or when a live action goes on that is to try something again:
-- a step's next attempt, a job's, a compensation's, a callback's. What is due by then stands in its queue as what is
-- delayed does when its time has come (`queue_delayed`), and until then its siblings go without it. Jobs come before
-- live rows, as everywhere. Gives `done`, `already`; `running`: somebody has it in hand just now; `begun`, `over`,
-- `none`.
create function reschedule(p_now timestamptz, p_action uuid, p_due timestamptz) returns text
language plpgsql set search_path from current as $$
declare
  j record;
  -- what goes on, where it has begun
  c record;
  is_due boolean := p_due <= p_now;
begin
  perform require_read_committed();
  select ctid as place, id, priority, due_at, cancelled_at, parent, parent_step, lanes
  into j
  from jobs
  where action = p_action and kind = 0 /* JobKind.invocation */
  for update skip locked;
  if not found then
    -- what goes on at once does so
    select ctid as place, due_at
    into c
    from jobs
    where action = p_action and kind = 1 /* JobKind.continuation */ and priority = 1000 /* Priority.later */
    for update skip locked;
    if not found then
      return case
        when exists (
          select 1
          from jobs
          where action = p_action and kind = 1 /* JobKind.continuation */ and priority = 1000 /* Priority.later */)
          then 'running'
        else not_queued(p_action) end;
    end if;
    if c.due_at = p_due or (is_due and c.due_at <= p_now) then return 'already'; end if;
    update jobs set due_at = greatest(p_due, p_now) where ctid = c.place;
    -- what is to be tried again is a further attempt of the step, or the same one
    update live_actions
    set step_attempts = jsonb_set(
      step_attempts, '{last,-1,nextAt}', to_jsonb((extract(epoch from greatest(p_due, p_now)) * 1000)::float8))
    where
      id = p_action
      and abs((step_attempts #>> '{last,-1,nextAt}')::float8 - extract(epoch from c.due_at) * 1000) < 1;
    return 'done';
  end if;
  if j.cancelled_at is not null then return 'over'; end if;
  if j.priority = 1001 /* Priority.held */
    or j.priority = 1005 /* Priority.alone */
    or j.priority = -1000 /* Priority.first */ then
    return 'running';
  end if;
  if (not is_due and j.due_at = p_due)
    or (is_due and (j.due_at is null or (j.priority = 1000 /* Priority.later */ and j.due_at <= p_now))) then
    return 'already';
  end if;
  if not is_due then
    update jobs
    set
      -- one that is tried again stays so
      priority = case when priority = 1000 /* Priority.later */ then priority else 1003 /* Priority.delayed */ end,
      due_at = p_due,
      delayed_until = case when priority = 1000 /* Priority.later */ then delayed_until else p_due end,
      elder = null,
      turn = null
    where ctid = j.place;
    -- nobody waits for a delayed sibling: when it is due it comes behind those that have waited for it
    if j.priority <> 1000 /* Priority.later */ then
      update jobs
      set priority = -1000 /* Priority.first */, elder = null
      where ctid = any(array(select ctid from jobs where elder = p_action for update skip locked));
    end if;
    -- those that wait for whom it has waited itself may have nobody to wait for
    if j.priority = 1002 /* Priority.waiting */ and cardinality(j.lanes) > 1 then
      perform wake_behind_all(j.parent, j.parent_step, j.id);
    end if;
    return 'done';
  end if;
  if j.priority = 1000 /* Priority.later */ then
    update jobs set due_at = p_now where ctid = j.place;
    return 'done';
  end if;
  update jobs
  set id = default, priority = coalesce(own_priority, 0), due_at = null, delayed_until = p_now
  where ctid = j.place
  returning ctid as place, tenant into c;
  if c.tenant is not null then perform give_turns(array[c.place]); end if;
  return 'done';
end $$;
