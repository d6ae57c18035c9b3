-- Fixes the outcome of live actions from outside, in callbacks' favour: the rows are locked, the status has callbacks. A pending one
-- leaves its lane for a private one, so that nothing supersedes or promotes it while its callbacks run.
-- For other functions only: it inherits their search path and their settings.
create function decide(p_now timestamptz, p_ids uuid[], p_status smallint, p_result jsonb, p_cause jsonb) returns setof task language plpgsql as $$
begin
  delete from jobs where ctid = any(array(select ctid from jobs where action = any(p_ids) and kind = 1 for update skip locked));
  perform cancel_running(p_ids, p_now);
  perform 1 from steps where action = any(p_ids) and status = 1 order by action, idx for no key update;
  update steps set status = 4, ended_at = p_now where action = any(p_ids) and status = 1;
  -- what the cancelled steps waited for goes with them: it does not run on while callbacks do
  with o as (update slots set status = 4 where action = any(p_ids) and status is null returning action, child)
  insert into prunes select distinct action from o where child is not null on conflict do nothing;
  if found then return next row(-4, null, null, null, null, 0, 0, 0, 0, null)::task; end if;
  update live_actions set outcome = p_status, result = p_result, cause = cause_at(p_cause, definition, actor_id), phase = 3, token = null, attempts = 0,
    lane = case when status = 0 then lane || E'\x01' || id else lane end, status = 1 where id = any(p_ids);
  insert into jobs (queue, priority, kind, action, definition, actor_id, enqueued_at)
    select queue, 0, 1, id, definition, actor_id, p_now from live_actions where id = any(p_ids);
  return next row(-8, null, null, null, null, 0, 0, 0, 0, null)::task;
  return query select -7::smallint, x, null::text, null::text, null::jsonb, 0, 0::smallint, 0::smallint, 0::smallint, null::json from unnest(p_ids) x;
end $$;
