-- Tells the slots of invocations that were never stored (short-circuited, joined elsewhere: see claim), and keeps an answer for handles.
-- For other functions only: it inherits their search path and their settings.
create function settle(p_token bigint, p_now timestamptz, p_defs text[], p_flags smallint[], p_members jobs[], p_status smallint[], p_results jsonb[], p_causes jsonb[]) returns setof task language plpgsql as $$
declare parents uuid[]; parent_steps int[];
begin
  insert into outcomes (id, definition, actor_id, status, result, cause, created_at)
    select (m.j).action, (m.j).definition, (m.j).actor_id, m.s, m.r, m.c, p_now
    from (select unnest(p_members) as j, unnest(p_status) as s, unnest(p_results) as r, unnest(p_causes) as c) m where (m.j).parent is null;
  with u as (update slots o set status = m.s, result = m.r, cause = m.c
    from (select unnest(p_members) as j, unnest(p_status) as s, unnest(p_results) as r, unnest(p_causes) as c) m
    where o.child = (m.j).action and o.status is null returning o.action, o.step)
  select array_agg(action), array_agg(step) into parents, parent_steps from u;
  return query select -3::smallint, action, null::text, null::text, null::jsonb, 0, 0::smallint, 0::smallint, 0::smallint, null::json from unnest(p_members);
  if parents is not null then
    return query select * from resume(p_token, p_now, p_defs, parents, parent_steps, p_flags);
  end if;
end $$;
