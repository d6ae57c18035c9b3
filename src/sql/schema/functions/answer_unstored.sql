-- Tells the slots of invocations that never become actions (achieved already, deadlocked, ended before they began) what
-- has come of them, and keeps an answer for handles.
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
  with u as (
    update slots o
    set status = a.status, result = a.result, cause = a.cause
    from unnest(p_answers) a
    where o.child = (a.job).action and o.status is null
    returning o.action, o.step
  )
  select array_agg(action), array_agg(step) into parents, parent_steps from u;
  return query select * from news_of(-3 /* Kind.ended */, array(select (a.job).action from unnest(p_answers) a));
  if parents is not null then
    return query select * from resume(p_token, p_now, p_definitions, parents, parent_steps, p_flags);
  end if;
end $$;
