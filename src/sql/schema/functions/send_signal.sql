-- Stores a signal for an action that is queued or live, and says what has become of it: `SentCode` in src/sql/rows.ts.
-- By id it goes to whoever has taken its place, if that was superseded, or has joined another one; by definition and
-- actor to the one that performs, else to the one that waits or is queued. Nothing is locked: who may be about to wait
-- for it is looked at by way of a job (`deliver_signals`). `p_unlisting` are definitions that are known not to take it.
-- With a step and an attempt it is one that these have asked for, by a token: when they are over it is late. Senders
-- at one moment do not count each other: beyond `p_limit` there may be as many as there are of them. With `p_given`,
-- a digest of what it brings, its key counts once for all actions of the definition and the actor: who comes with it
-- again is answered as before, also where whom it was for is over, and another one is there by now.
create function send_signal(
  p_now timestamptz, p_id uuid, p_definition text, p_actor_id text, p_name text, p_key text, p_payload jsonb,
  p_cause jsonb, p_unlisting text[], p_limit int, p_step int, p_attempt int,
  p_trace text, p_given text, p_held_until timestamptz, out became int, out action uuid, out definition text,
  out actor_id text, out candidates uuid[])
language plpgsql set search_path from current as $$
#variable_conflict use_column
declare
  v_id uuid := p_id;
  t record;
  same record;
  is_known boolean := false;
begin
  perform require_read_committed();
  loop
    if p_id is null then
      candidates := signalled(p_definition, p_actor_id);
      v_id := candidates[1];
      -- after whom it would be for: who was there before that has read what came for it, or has ended without
      if p_given is not null then
        select x.became, x.action
        into became, action
        from sent_before(p_definition, p_actor_id, p_name, p_key, p_given) x;
        if became is not null then return; end if;
      end if;
      if cardinality(candidates) > 1 then
        became := 3 /* Sent.ambiguous */;
        return;
      end if;
    end if;

    -- in the order in which an action moves, so that whoever moves meanwhile is met later on its way
    became := 0 /* Sent.none */;
    loop
      select j.queue, j.definition, j.actor_id, j.cancelled_at is null as takes, null::uuid as follows
      into t
      from jobs j
      where j.action = v_id and j.kind = 0 /* JobKind.invocation */;
      if not found then
        select l.queue, l.definition, l.actor_id, l.outcome is null as takes, null::uuid as follows
        into t
        from live_actions l
        where l.id = v_id;
      end if;
      if not found then
        select
          e.queue, e.definition, e.actor_id, false as takes,
          case when e.status = 3 /* Status.superseded */ and e.cause is null then e.superseded_by end as follows
        into t
        from ended_actions e
        where e.id = v_id;
      end if;
      if not found then
        select null::text as queue, o.definition, o.actor_id, false as takes, o.follows
        into t
        from outcomes o
        where o.id = v_id;
      end if;
      if not found then return; end if;
      if v_id = p_id and p_definition is not null and (t.definition, t.actor_id) <> (p_definition, p_actor_id) then
        became := 6 /* Sent.other */;
        definition := t.definition;
        actor_id := t.actor_id;
        return;
      end if;
      exit when t.follows is null;
      v_id := t.follows;
    end loop;
    -- it has ended since it was found: another one may perform by now
    exit when t.takes or p_id is not null;
  end loop;
  if p_id is not null and p_given is not null then
    select x.became, x.action
    into became, action
    from sent_before(t.definition, t.actor_id, p_name, p_key, p_given) x;
    if became is not null then return; end if;
    became := 0 /* Sent.none */;
  end if;
  if p_step is null and (not t.takes or t.definition = any(p_unlisting)) then return; end if;
  action := v_id;
  definition := t.definition;
  actor_id := t.actor_id;

  if p_key is not null then
    select s.payload, s.cause
    into same
    from signals s
    where s.action = v_id and s.name = p_name and s.key = p_key
    order by s.id
    limit 1;
    is_known := found;
  end if;
  if not is_known then
    if p_step is not null then
      if t.definition = any(p_unlisting) then return; end if;
      if not t.takes or not attempt_counts(v_id, p_step, p_attempt) then
        became := 7 /* Sent.late */;
        return;
      end if;
    end if;
    if (
      select count(*) from (select from signals s where s.action = v_id and s.step is null limit p_limit) x
    ) >= p_limit then
      became := 5 /* Sent.full */;
      return;
    end if;
    if p_given is not null then
      select x.became, coalesce(x.action, v_id)
      into became, action
      from keep_signal_key(
        p_now => p_now, p_definition => t.definition, p_actor_id => t.actor_id, p_name => p_name, p_key => p_key,
        p_given => p_given, p_held_until => p_held_until, p_action => v_id) x;
      if became is not null then return; end if;
    end if;
    insert into signals (action, name, target, key, payload, cause, sent_at, for_step, for_attempt, trace)
    values (v_id, p_name, v_id, p_key, p_payload, p_cause, p_now, p_step, p_attempt, p_trace)
    on conflict (target, name, key) where key is not null do nothing;
    if found then
      insert into jobs (queue, priority, kind, action, definition, actor_id, enqueued_at)
      values (
        t.queue, -1000 /* Priority.first */, 2 /* JobKind.signal */, v_id, t.definition, t.actor_id, p_now);
      became := 1 /* Sent.sent */;
      return;
    end if;
    -- somebody was faster, whoever has it by now
    select s.payload, s.cause
    into same
    from signals s
    where s.target = v_id and s.name = p_name and s.key = p_key;
  end if;
  became := case
    when same.payload is not distinct from p_payload and same.cause is not distinct from p_cause
      then 2 /* Sent.repeated */
    else 4 /* Sent.conflict */ end;
end $$;
