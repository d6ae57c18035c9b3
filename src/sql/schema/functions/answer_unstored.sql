-- Tells the slots of invocations that never become actions (achieved already, deadlocked, ended before they began) what
-- has come of them, and keeps an answer for handles. The steps that wait for them are locked by the caller.
-- For other functions only: it inherits their search path and their settings.
create function answer_unstored(
  p_token bigint, p_now timestamptz, p_definitions text[], p_flags smallint[], p_answers unstored_answer[])
returns setof answer language plpgsql as $$
declare
  parents uuid[];
  parent_steps int[];
begin
  insert into outcomes (id, definition, actor_id, status, result, cause, created_at)
  select (a.job).action, (a.job).definition, (a.job).actor_id, a.status, a.result, a.cause, p_now
  from unnest(p_answers) a
  where (a.job).parent is null;
  if exists (select 1 from unnest(p_answers) a where (a.job).retry_of is not null) then
    delete from retries where action = any(array(select (a.job).action from unnest(p_answers) a));
  end if;
  -- only to those was something sent that have a worker who says that they take signals
  if exists (
    select 1
    from unnest(p_answers) a
    where p_flags[array_position(p_definitions, (a.job).definition)] & 512 /* Flag.signals */ <> 0
  ) then
    perform forget_unread(array(select (a.job).action from unnest(p_answers) a));
  end if;
  with u as (
    update slots o
    set status = a.status, result = a.result, cause = a.cause, unstored = true,
      -- a step that asks once more is to know it again, of which no row says with what it was asked for
      request = case
        when o.request is null and a.status = 2 /* Status.succeeded */ and coalesce(o.attempt, 0) = 0
          then coalesce((a.job).given, (a.job).arguments)::text
        else o.request end,
      -- what was achieved by another one is not undone with whoever asks for it
      undo = case
        when a.status = 2 /* Status.succeeded */ and (a.job).checksum is not null and o.undo is null
          and p_flags[array_position(p_definitions, (a.job).definition)] & 64 /* Flag.compensates */ <> 0
          then 2 /* UndoSlot.reused */
        else o.undo end
    from unnest(p_answers) a
    cross join lateral (
      select t.ctid as place from slots t where t.child = (a.job).action and t.status is null offset 0
    ) t
    where o.ctid = t.place and o.status is null
    returning o.action, o.step
  )
  select array_agg(action), array_agg(step) into parents, parent_steps from u;
  return query
    select
      (-3 /* Kind.ended */)::smallint, (a.job).action, (a.job).definition, (a.job).actor_id, null::jsonb, 0, a.status,
      0::smallint, 1::smallint, null::json
    from unnest(p_answers) a;
  if parents is not null then
    return query select * from resume_parents(p_token, p_now, p_definitions, parents, parent_steps, p_flags);
  end if;
end $$;
