-- Goes on with live actions whose jobs were claimed, as far as nobody else has them and they wait for nothing, or for
-- nothing more since they were sent a signal. `put_back` are those that somebody has locked right now: they get new
-- jobs.
-- For other functions only: it inherits their search path and their settings.
create function continue_claimed(
  p_token bigint, p_now timestamptz, p_definitions text[], p_first_steps text[], p_flags smallint[],
  p_jobs claimed_job[], out got uuid[], out put_back int)
language plpgsql as $$
declare
  asked uuid[] := array(
    select j.action
    from unnest(p_jobs) j
    where j.kind = 1 /* JobKind.continuation */
    group by j.action
    order by min(j.id));
  delivered record;
begin
  put_back := 0;
  if cardinality(asked) < cardinality(p_jobs) and exists (
    select 1 from unnest(p_jobs) j where j.kind = 2 /* JobKind.signal */
  ) then
    select d.ready, d.elsewhere, d.put_back into delivered from deliver_signals(p_now, p_definitions, p_jobs) d;
    asked := asked || array(select r from unnest(delivered.ready) r where r <> all(asked));
    put_back := delivered.put_back;
    perform continue_by_job(p_now, delivered.elsewhere);
  end if;
  with l as (
    select id
    from live_actions t
    where
      id = any(asked)
      and token is null
      and phase not in (2 /* Phase.outbound */, 8 /* Phase.suspended */)
      and (phase <> 6 /* Phase.held */ or verdict is not null)
      and (
        phase <> 1 /* Phase.waiting */
        or not exists (select 1 from slots o where o.action = t.id and o.step = t.step and o.status is null offset 0))
    for update skip locked
  ),
  -- One that was promoted by a process that did not know its definition begins here. Who completes an action, and
  -- whether somebody is to hear of its end, is said by the version that has it.
  u as (
    update live_actions t
    set
      token = p_token,
      epoch = coalesce(t.epoch, 0) + 1,
      -- an attempt begins here, unless somebody has decided of its step
      step_started_at = case
        when t.phase in (0 /* Phase.step */, 5 /* Phase.unwinding */) and t.verdict is null
          then coalesce(t.step_started_at, p_now)
        else t.step_started_at end,
      (flags, step_kind, step_name, prepended) = (
        select
          s.flags,
          case when b.begins then s.step_kind else t.step_kind end,
          case when b.begins then s.step_name else t.step_name end,
          case when b.begins and s.prepended is not null then s.prepended else t.prepended end
        from start_performing(p_now, t.definition, null, p_definitions, p_first_steps, p_flags) s
        cross join (select t.step_name is null and t.phase = 0 /* Phase.step */ and t.step = 0 as begins) b
      )
    where t.id = any(array(select id from l))
    returning t.id
  )
  select array_agg(id) into got from u;
  put_back := put_back + continue_by_job(p_now, array(
    select t.id
    from live_actions t
    where
      t.id = any(asked)
      and t.id <> all(coalesce(got, '{}'))
      and t.token is null
      and t.phase not in (2 /* Phase.outbound */, 8 /* Phase.suspended */)
      and (t.phase <> 6 /* Phase.held */ or t.verdict is not null)
      and (
        t.phase <> 1 /* Phase.waiting */
        or not exists (select 1 from slots o where o.action = t.id and o.step = t.step and o.status is null
        offset 0))));
  got := array(select a from unnest(asked) a where a = any(got));
end $$;
