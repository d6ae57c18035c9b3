-- Pending actions whose lanes have become free, or are paused no more, perform: under this token, if its worker has
-- their definitions, else by a job.
-- For other functions only: it inherits their search path and their settings.
create function promote(
  p_token bigint, p_now timestamptz, p_definitions text[], p_first_steps text[], p_flags smallint[], p_ids uuid[])
returns setof answer language plpgsql as $$
declare
  waiting uuid[];
begin
  with u as (
    update live_actions l
    set
      seat = case when l.lane is not null then 0 /* Seat.performing */ end,
      status = 1 /* Status.performing */,
      started_at = p_now,
      token = case when l.definition = any(p_definitions) then p_token end,
      step = 0,
      step_started_at = p_now,
      (flags, step_kind, step_name, prepended, timeout_at) = (
        select
          coalesce(s.flags, l.flags),
          -- whoever has it in hand begins its first step; what gets a job begins when that is claimed
          case when p_token is not null then s.step_kind end,
          case when p_token is not null then s.step_name end,
          case when p_token is not null then s.prepended end,
          s.timeout_at
        from start_performing(p_now, l.definition, l.timeout_ms, p_definitions, p_first_steps, p_flags) s
      )
    where l.id = any(p_ids)
    returning l.id, l.token
  )
  select array_agg(id) filter (where token is null) into waiting from u;
  -- with arguments that do not travel it is continued like one that this worker does not have in memory
  return query
    select
      case when x.heavy then 1 /* Kind.continue */ else 0 /* Kind.start */ end::smallint,
      id, definition, actor_id,
      case when not x.heavy then arguments end,
      0, 0 /* Phase.step */::smallint, attempts, depth,
      case when not x.heavy and timeout_at is not null then to_json(extract(epoch from timeout_at) * 1000) end
    from live_actions
    cross join lateral (select weight(arguments) >= 131072 /* travelling */ as heavy offset 0) x
    where id = any(p_ids) and token is not null;
  if waiting is not null then
    perform continue_by_job(p_now, waiting);
    return next news(-8 /* Kind.queued */);
  end if;
end $$;
