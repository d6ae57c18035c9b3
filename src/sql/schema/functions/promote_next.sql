-- Pending actions whose lanes have become free, or are paused no more, perform: under this token, if its worker has
-- their definitions, else by a job. What unwinds one that has ended is where it is.
-- For other functions only: it inherits their search path and their settings.
create function promote_next(
  p_token bigint, p_now timestamptz, p_definitions text[], p_first_steps text[], p_flags smallint[], p_ids uuid[])
returns setof answer language plpgsql as $$
declare
  waiting uuid[];
  -- those that go on for others that have ended, of which some wait again
  retried uuid[];
begin
  with u as (
    update live_actions l
    set
      seat = case when l.lane is not null then 0 /* Seat.performing */ end,
      status = 1 /* Status.performing */,
      started_at = p_now,
      token = case when l.unwinds is null and l.definition = any(p_definitions) then p_token end,
      step = case when l.unwinds is null then 0 else l.step end,
      -- what gets a job starts when that is claimed
      step_started_at = case
        when l.unwinds is null and l.definition = any(p_definitions) and p_token is not null then p_now end,
      (flags, step_kind, step_name, prepended, timeout_at) = (
        select
          coalesce(s.flags, l.flags),
          -- whoever has it in hand begins its first step; what gets a job begins when that is claimed
          coalesce(
            case when p_token is not null and l.unwinds is null then s.step_kind end,
            -- an execution is known by it also before that
            case when l.step_kind = 6 /* StepKind.replayed */ then l.step_kind end),
          case when p_token is not null and l.unwinds is null then s.step_name end,
          case when p_token is not null and l.unwinds is null then s.prepended end,
          s.timeout_at
        from start_performing(p_now, l.definition, l.timeout_ms, p_definitions, p_first_steps, p_flags) s
      )
    where l.id = any(p_ids)
    returning l.id, l.token, case when l.unwinds is null then l.retry_of end as retry_of
  )
  select array_agg(id) filter (where token is null), array_agg(id) filter (where retry_of is not null)
  into waiting, retried
  from u;
  if retried is not null then
    return query select * from take_over(p_now, retried);
    return query select * from continued(array(
      select a.id from live_actions a where a.id = any(retried) and a.token is not null order by a.id));
  end if;
  -- with arguments that do not travel it is continued like one that this worker does not have in memory
  return query
    select
      case when x.heavy then 1 /* Kind.continue */ else 0 /* Kind.start */ end::smallint,
      id, definition, actor_id,
      case when not x.heavy then arguments end,
      case when x.heavy then 0 else waited(p_now, greatest(enqueued_at, delayed_until)) end,
      0 /* Phase.step */::smallint, attempts, depth,
      case when not x.heavy then start_detail(extract(epoch from timeout_at) * 1000, trace) end
    from live_actions
    cross join lateral (select weight(arguments) >= 131072 /* travelling */ as heavy offset 0) x
    where id = any(p_ids) and token is not null and (retried is null or id <> all(retried));
  if waiting is not null then
    perform continue_by_job(p_now, waiting);
    return next news(-8 /* Kind.queued */);
  end if;
end $$;
