-- Waits for signals that are over: what was sent in time settles them all the same, and whoever may go on without one
-- does. The others fail their steps, and those that nothing was heard of say so: their time was not over otherwise.
-- For other functions only: it inherits their search path and their settings.
create function time_out_signals(
  p_token bigint, p_now timestamptz, p_definitions text[], p_flags smallint[], p_limit int)
returns setof answer language plpgsql as $$
declare
  waiting uuid[];
  waiting_steps int[];
begin
  select array_agg(s.action), array_agg(s.idx)
  into waiting, waiting_steps
  from (
    select distinct w.action, w.idx
    from (
      select t.action, t.idx
      from (
        select o.action, o.step
        from slots o
        where o.due_at <= p_now and o.status is null and o.signal is not null
        order by o.due_at
      ) x
      cross join lateral (
        select t.action, t.idx from steps t where t.action = x.action and t.idx = x.step for no key update skip locked
      ) t
      limit p_limit
    ) w
  ) s;
  if waiting is null then return; end if;
  perform match_signals(x.action, x.step) from unnest(waiting, waiting_steps) as x(action, step);
  update slots o
  set
    status = 6 /* Status.timed_out */,
    cause = case when o.heartbeat_ms is not null and o.due_at < coalesce(o.limit_at, 'infinity')
      then cause_at(silent_cause(o.details), l.definition, l.actor_id) end
  from unnest(waiting, waiting_steps) as x(action, step)
  cross join lateral (
    select l.definition, l.actor_id from live_actions l where l.id = x.action offset 0
  ) l
  cross join lateral (
    select w.ctid as place
    from slots w
    where w.action = x.action and w.step = x.step and w.signal is not null and w.due_at <= p_now and w.status is null
    offset 0
  ) w
  where o.ctid = w.place and o.signal is not null and o.due_at <= p_now and o.status is null;
  return query select * from resume_parents(leased(p_token), p_now, p_definitions, waiting, waiting_steps, p_flags);
  -- nobody goes on by that, as it waits for more: there was something to do all the same
  if not found then return next news(-8 /* Kind.queued */); end if;
end $$;
