-- Sends an execution what it awaits under a name, of which the first counts: also one that nobody has started, unless
-- `p_makes` is false. What is to come at a time (`p_due`) is a clock: until it rings, another one may be first. With
-- `p_again` what was sent before is replaced. A job wakes it, committed with what was sent, so that whoever takes that
-- sees it (`deliver_signals`). Gives the action, if there is one, and whether this was the first. Who is not woken by it
-- (`p_wakes`), and was not the first, is given what has come before, since it will not hear of that: its own, whose
-- answer was lost, or what one has sent that has run it before.
create function send_to_execution(
  p_now timestamptz, p_definition text, p_execution text, p_id uuid, p_kept_ms float8, p_name text, p_payload jsonb,
  p_due timestamptz, p_makes boolean, p_again boolean, p_wakes boolean, out action uuid, out is_first boolean,
  out stored jsonb)
language plpgsql set search_path from current as $$
declare
  v_action uuid;
begin
  perform require_read_committed();
  select x.action into v_action from lock_execution(p_now, p_definition, p_execution, p_id, p_kept_ms, p_makes) x;
  action := v_action;
  is_first := false;
  if v_action is null or exists (select 1 from ended_actions e where e.id = v_action) then return; end if;
  insert into signals (action, name, target, key, payload, sent_at)
  values (v_action, p_name, v_action, '', p_payload, coalesce(p_due, p_now))
  on conflict (target, name, key) where key is not null do update
  set payload = excluded.payload, sent_at = excluded.sent_at
  where p_again or (signals.sent_at > p_now and p_due is null);
  is_first := found;
  if not p_wakes and not is_first then
    stored := (
      select s.payload
      from signals s
      where s.target = v_action and s.name = p_name and s.key = '' and s.sent_at <= p_now);
  end if;
  if not is_first or not p_wakes then return; end if;
  insert into jobs (queue, priority, kind, action, definition, actor_id, due_at, enqueued_at)
  select
    l.queue,
    case when p_due is null then -1000 /* Priority.first */ else 1000 /* Priority.later */ end,
    2 /* JobKind.signal */, v_action, p_definition, p_execution, p_due, p_now
  from (
    select l.queue from live_actions l where l.id = v_action
    union all
    select j.queue from jobs j where j.action = v_action and j.kind = 0 /* JobKind.invocation */
    limit 1
  ) l;
end $$;
