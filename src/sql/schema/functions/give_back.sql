-- Gives back what a worker holds, without burning an attempt: live actions get a job, held invocations return to the
-- queue. Those that somebody looks at just now, to wait for them or to cancel them, stay with the worker, and are
-- given: it gives them back again.
create function give_back(p_token bigint, p_actions uuid[], p_now timestamptz) returns uuid[]
language plpgsql set search_path from current as $$
declare
  released uuid[];
begin
  perform require_read_committed();
  -- whoever takes the token away passes by what is locked: it waits for this to end
  perform 1 from workers where token = p_token for key share;
  update jobs
  set
    priority = case when turn is null then coalesce(own_priority, 0) else 999 /* Priority.turns */ end,
    token = null
  where ctid = any(array(
    select ctid
    from jobs
    where
      action = any(p_actions)
      and kind = 0 /* JobKind.invocation */
      and priority = 1001 /* Priority.held */
      and token = p_token
    for update skip locked));
  -- locked in the order of their lanes, one look-up after another
  with l as (
    select l.place
    from (
      select x.id, (select l.lane from live_actions l where l.id = x.id) as lane
      from unnest(p_actions) x(id)
      order by lane
      offset 0
    ) x
    cross join lateral (
      select l.ctid as place from live_actions l where l.id = x.id and l.token = p_token for update
    ) l
  ),
  u as (
    update live_actions set token = null where ctid = any(array(select place from l)) returning id
  )
  select array_agg(id) into released from u;
  perform continue_by_job(p_now, released);
  return array(
    select action
    from jobs
    where
      action = any(p_actions)
      and kind = 0 /* JobKind.invocation */
      and priority = 1001 /* Priority.held */
      and token = p_token);
end $$;
