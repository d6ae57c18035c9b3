-- Which action somebody outside is heard of, and what of it waits for him: a step for signals, or the action itself
-- (`is_outbound`). By id, by definition and actor, or, with a step and an attempt, by a token of these, for its signal
-- or to complete the action. `became` is as in `SentCode` of src/sql/rows.ts: `sent`, where he is waited for, or may
-- yet be.
-- For other functions only: it inherits their search path and their settings.
create function waiting_outside(
  p_id uuid, p_definition text, p_actor_id text, p_signal text, p_step int, p_attempt int,
  out became int, out action uuid, out step int, out attempt int, out is_outbound boolean, out candidates uuid[])
language plpgsql stable as $$
declare
  l record;
begin
  became := 0 /* Sent.none */;
  action := p_id;
  if p_id is null then
    candidates := array(
      select x.id
      from live_actions x
      where
        x.definition = p_definition and x.actor_id = p_actor_id and x.flags & 16 /* Flag.outbound */ <> 0
        and x.status = 1 /* Status.performing */ and x.outcome is null
      union
      select x.id
      from live_actions x
      where
        x.definition = p_definition and x.actor_id = p_actor_id and x.flags & 512 /* Flag.signals */ <> 0
        and x.status = 1 /* Status.performing */ and x.outcome is null
      order by 1);
    if cardinality(candidates) > 1 then
      became := 3 /* Sent.ambiguous */;
      return;
    end if;
    action := candidates[1];
  end if;
  select x.step, coalesce(x.step_attempt, 1) as attempt, x.phase, x.outcome
  into l
  from live_actions x
  where x.id = action;
  if not found then
    if exists (select 1 from ended_actions x where x.id = action)
      or exists (select 1 from outcomes x where x.id = action) then
      became := 7 /* Sent.late */;
    end if;
    return;
  end if;
  if l.outcome is not null or (p_step is not null and not attempt_counts(action, p_step, p_attempt)) then
    became := 7 /* Sent.late */;
    return;
  end if;
  became := 1 /* Sent.sent */;
  step := l.step;
  attempt := l.attempt;
  is_outbound := case
    when p_step is not null then p_signal is null
    else l.phase = 2 /* Phase.outbound */ end;
end $$;
