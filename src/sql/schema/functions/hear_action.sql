-- Of an action that waits outside, as `hear` says it. One that does not yet will: nothing is stored of it until then,
-- and who has a token (`p_is_awaited`) is heard all the same.
-- For other functions only: it inherits their search path and their settings.
create function hear_action(
  p_now timestamptz, p_action uuid, p_details jsonb, p_by float8, p_is_awaited boolean)
returns int language plpgsql as $$
declare
  l record;
begin
  update live_actions x
  set
    heard_at = p_now,
    details = coalesce(p_details, x.details),
    silent_at = silent_at(x.heartbeat_ms, p_now),
    timeout_at = case when p_by is null then x.timeout_at else moved_limit(x.timeout_at, p_by, p_now) end
  where
    x.id = p_action and x.phase = 2 /* Phase.outbound */ and x.outcome is null
    and coalesce(least(x.timeout_at, x.silent_at), 'infinity') > p_now
    and case when p_by is null then is_unheard(x.heard_at, x.heartbeat_ms, p_now) else x.timeout_at is not null end;
  if found then return 1 /* Sent.sent */; end if;
  select x.phase, least(x.timeout_at, x.silent_at) <= p_now as is_over
  into l
  from live_actions x
  where x.id = p_action and x.outcome is null;
  return case
    when not found then 7 /* Sent.late */
    when l.phase <> 2 /* Phase.outbound */ and p_is_awaited and p_by is null then 1 /* Sent.sent */
    when l.phase <> 2 /* Phase.outbound */ then 0 /* Sent.none */
    when l.is_over then 7 /* Sent.late */
    when p_by is null then 1 /* Sent.sent */
    else 0 /* Sent.none */ end;
end $$;
