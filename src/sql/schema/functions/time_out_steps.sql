-- Steps whose time is over while they wait (rule 9.4): what is open of them is cancelled, and whoever goes on concludes
-- them. Those that have nothing open any more came to their end in time, and are on their way.
-- For other functions only: it inherits their search path and their settings.
create function time_out_steps(
  p_token bigint, p_now timestamptz, p_definitions text[], p_flags smallint[], p_limit int)
returns setof answer language plpgsql as $$
declare
  late uuid[];
  waited uuid[];
  is_abandoned boolean;
begin
  late := array(
    select l.id
    from live_actions l
    where
      l.step_timeout_at <= p_now and l.phase = 1 /* Phase.waiting */ and l.token is null
      and exists (select 1 from slots o where o.action = l.id and o.step = l.step and o.status is null offset 0)
    order by l.step_timeout_at
    limit p_limit
    for update of l skip locked);
  if cardinality(late) = 0 then return; end if;
  perform lock_waiting_steps('{}', late);
  -- who was told of the last end meanwhile is somebody else's
  select c.waited, c.is_abandoned into waited, is_abandoned from cancel_slots(late) c;
  if waited is null then return; end if;
  update live_actions
  set verdict = json_build_object(
    '_tag', 'timedOut', 'afterMs', extract(epoch from step_timeout_at - step_started_at) * 1000)
  where id = any(waited);
  if is_abandoned then return next news(-4 /* Kind.abandoned */); end if;
  return query select * from resume_parents(
    leased(p_token), p_now, p_definitions, waited,
    array(
      select l.step
      from unnest(waited) with ordinality w(id, n)
      cross join lateral (select l.step from live_actions l where l.id = w.id offset 0) l
      order by w.n),
    p_flags);
end $$;
