-- Actions that wait outside, and of which nothing was heard for too long: their time is over. A call ends those alone
-- whose last words were the same, as their cause says them.
-- For other functions only: it inherits their search path and their settings.
create function end_silent(
  p_token bigint, p_now timestamptz, p_definitions text[], p_first_steps text[], p_flags smallint[], p_limit int)
returns setof answer language plpgsql as $$
declare
  silent uuid[];
  first record;
begin
  select id, details
  into first
  from live_actions
  where silent_at <= p_now and outcome is null
  order by silent_at
  limit 1
  for update skip locked;
  if not found then return; end if;
  silent := array(
    select id
    from live_actions
    where
      silent_at <= p_now and outcome is null and details is not distinct from first.details
    order by silent_at
    limit p_limit
    for update skip locked);
  if exists (select 1 from live_actions where id = any(silent) and lanes is not null) then
    silent := lock_named_lanes_free(silent);
  end if;
  if cardinality(silent) = 0 then return; end if;
  return query select * from end_from_outside(
    p_token, p_now, p_definitions, p_first_steps, p_flags, silent, 6 /* Status.timed_out */::smallint, null,
    silent_cause(first.details));
end $$;
