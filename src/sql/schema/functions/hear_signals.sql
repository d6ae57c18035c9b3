-- Of a step that waits for signals, as `hear` says it; with a signal, for that one alone. What the attempt has waited
-- for and does not any more is over; where it does not wait yet, who has its token (`p_is_awaited`) is heard all the
-- same.
-- For other functions only: it inherits their search path and their settings.
create function hear_signals(
  p_now timestamptz, p_action uuid, p_at int, p_signal text, p_step int, p_attempt int, p_details jsonb, p_by float8,
  p_is_awaited boolean)
returns int language plpgsql as $$
declare
  w record;
begin
  -- most that is heard is not due to be stored: nothing is locked for that
  if p_by is not null or exists (
    select 1
    from slots o
    where
      o.action = p_action and o.step = p_at and o.status is null and o.signal = coalesce(p_signal, o.signal)
      and coalesce(o.due_at, 'infinity') > p_now and is_unheard(o.heard_at, o.heartbeat_ms, p_now)) then
    perform 1 from steps s where s.action = p_action and s.idx = p_at for no key update;
    update slots o
    set
      heard_at = p_now,
      details = coalesce(p_details, o.details),
      limit_at = moved_limit(o.limit_at, coalesce(p_by, 0), p_now),
      due_at = case
        when o.heartbeat_ms is null then moved_limit(o.due_at, coalesce(p_by, 0), p_now)
        else least(moved_limit(o.limit_at, coalesce(p_by, 0), p_now), silent_at(o.heartbeat_ms, p_now)) end
    where
      o.action = p_action and o.step = p_at and o.status is null and o.signal = coalesce(p_signal, o.signal)
      and coalesce(o.due_at, 'infinity') > p_now
      and case when p_by is null then is_unheard(o.heard_at, o.heartbeat_ms, p_now)
        else coalesce(o.limit_at, case when o.heartbeat_ms is null then o.due_at end) is not null end;
    if found then return 1 /* Sent.sent */; end if;
  end if;
  select
    count(*) filter (where o.step = p_at and o.status is null) > 0 as is_open,
    count(*) filter (where o.step = p_at and o.status is null and coalesce(o.due_at, 'infinity') > p_now) > 0 as waits,
    count(*) filter (where o.step = p_step and coalesce(o.attempt, 1) = p_attempt) > 0 as has_waited
  into w
  from slots o
  where o.action = p_action and o.step in (p_at, p_step) and o.signal = coalesce(p_signal, o.signal);
  return case
    when w.waits then case when p_by is null then 1 /* Sent.sent */ else 0 /* Sent.none */ end
    when w.is_open or w.has_waited then 7 /* Sent.late */
    when p_is_awaited and p_by is null then 1 /* Sent.sent */
    else 0 /* Sent.none */ end;
end $$;
