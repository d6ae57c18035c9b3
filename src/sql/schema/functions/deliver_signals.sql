-- Looks whether actions wait for what was sent to them: those of the claimed jobs that sendings have left. Gives those
-- that wait for nothing more: `ready` here, or, of definitions that this worker does not have, `elsewhere`. `put_back`
-- is for how many somebody has to look again. An execution is woken by whatever was sent to it (`wake_execution`).
--
-- What is sent and a wait that is being stored do not lock each other, and neither sees what the other one has not
-- committed. They meet all the same. The job is committed with the signal, so that who looks for its sake sees the
-- signal, and locks the action's row. Either the transition that stores the wait comes after that, and sees the signal
-- too, since it looks after it has locked the row; or it has committed, and the wait is seen here, by the statement
-- after the lock; or it has the row locked just now: then somebody looks again. The same goes for whoever takes an
-- action over, which locks its row, live or queued, and then moves what was sent to it: what that has not seen is moved
-- here.
-- For other functions only: it inherits their search path and their settings.
create function deliver_signals(
  p_now timestamptz, p_definitions text[], p_jobs claimed_job[], out ready uuid[], out elsewhere uuid[],
  out put_back int)
language plpgsql as $$
declare
  v_sent_to uuid;
  v_id uuid;
  v_next uuid;
  v_token bigint;
  v_phase smallint;
  v_step int;
  v_step_kind smallint;
  v_definition text;
  v_again uuid[] := array[]::uuid[];
begin
  ready := array[]::uuid[];
  elsewhere := array[]::uuid[];
  foreach v_sent_to in array array(
    select distinct j.action from unnest(p_jobs) j where j.kind = 2 /* JobKind.signal */
  ) loop
    -- the job of a clock, as no other one, was due later; who goes on with the execution may have a clock that is
    -- behind
    if exists (
      select 1
      from unnest(p_jobs) j
      where j.action = v_sent_to and j.kind = 2 /* JobKind.signal */ and j.priority <> -1000 /* Priority.first */
    ) then
      update signals
      set to_ring = null
      where ctid = any(array(
        select s.ctid
        from signals s
        where s.action = v_sent_to and s.to_ring and s.sent_at <= p_now
        for update skip locked));
    end if;
    v_id := v_sent_to;
    loop
      select token, phase, step, step_kind, definition
      into v_token, v_phase, v_step, v_step_kind, v_definition
      from live_actions
      where id = v_id
      for update skip locked;
      if found then
        if v_id <> v_sent_to then
          update signals set action = v_id where action = v_sent_to and step is null;
        end if;
        if v_phase = 1 /* Phase.waiting */ and v_token is null then
          perform 1 from steps where action = v_id and idx = v_step for no key update skip locked;
          if not found then
            v_again := v_again || v_sent_to;
          elsif match_signals(v_id, v_step) then
            -- by a statement of its own, which sees what that has changed
            if not exists (select 1 from slots where action = v_id and step = v_step and status is null) then
              if v_definition = any(p_definitions) then ready := ready || v_id;
              else elsewhere := elsewhere || v_id;
              end if;
            end if;
          end if;
        elsif v_step_kind = 6 /* StepKind.replayed */ and wake_execution(v_id, false) then
          if v_definition = any(p_definitions) then ready := ready || v_id;
          else elsewhere := elsewhere || v_id;
          end if;
        end if;
        exit;
      end if;
      v_next := coalesce(
        (
          select superseded_by
          from ended_actions
          where id = v_id and status = 3 /* Status.superseded */ and cause is null),
        (select follows from outcomes where id = v_id));
      if v_next is not null then
        v_id := v_next;
        continue;
      end if;
      perform 1 from jobs where action = v_id and kind = 0 /* JobKind.invocation */ for update skip locked;
      if found then
        if v_id <> v_sent_to then
          update signals set action = v_id where action = v_sent_to and step is null;
        end if;
        exit;
      end if;
      -- somebody has it just now, or has moved it since the first look
      if exists (select 1 from live_actions where id = v_id)
        or exists (select 1 from jobs where action = v_id and kind = 0 /* JobKind.invocation */)
        or exists (
          select 1 from ended_actions where id = v_id and status = 3 /* Status.superseded */ and cause is null)
        or exists (select 1 from outcomes where id = v_id and follows is not null) then
        v_again := v_again || v_sent_to;
      -- it came to one that never was: what was sent to an execution waits for whoever starts it
      elsif not exists (select 1 from ended_actions where id = v_id)
        and not exists (
          select 1 from action_keys where action = v_sent_to and kind = 5 /* KeyKind.execution */) then
        perform forget_unread(array[v_sent_to]);
      end if;
      exit;
    end loop;
  end loop;
  put_back := cardinality(v_again);
  if put_back > 0 then
    insert into jobs (queue, priority, kind, action, definition, actor_id, enqueued_at)
    select distinct on (j.action)
      j.queue, -1000 /* Priority.first */, 2 /* JobKind.signal */, j.action, j.definition, j.actor_id, p_now
    from unnest(p_jobs) j
    where j.kind = 2 /* JobKind.signal */ and j.action = any(v_again);
  end if;
end $$;
