-- Steps that wait until their children have ended no longer wait for one that somebody else has come to wait for, by
-- joining it or in place of one that it has superseded. What waited to unwind it has it listed as kept. Gives whether
-- there was one.
-- For other functions only: it inherits their search path and their settings.
create function leave_wanted(
  p_token bigint, p_now timestamptz, p_definitions text[], p_flags smallint[], p_actions uuid[])
returns setof answer language plpgsql as $$
declare
  parents uuid[];
  parent_steps int[];
begin
  with s as (
    select t.action, t.idx
    from (
      select distinct o.action, o.step
      from slots o
      where o.action = any(p_actions) and o.closing and o.status is null and is_wanted(o.child, o.action)
      order by o.action, o.step
      offset 0
    ) o
    cross join lateral (
      select t.action, t.idx from steps t where t.action = o.action and t.idx = o.step for no key update
    ) t
  ),
  u as (
    update slots o
    set
      status = case when o.undo is null then 4 /* Status.cancelled */ else 2 /* Status.succeeded */ end,
      undo = case when o.undo is not null then 3 /* UndoSlot.kept */ end
    from s
    where
      o.action = any(p_actions) and o.action = s.action and o.step = s.idx and o.closing and o.status is null
      and is_wanted(o.child, o.action)
    returning o.action, o.step
  )
  select array_agg(action), array_agg(step) into parents, parent_steps from u;
  if parents is null then return; end if;
  update steps s
  set status = 4 /* Status.cancelled */
  where
    (s.action, s.idx) in (select * from unnest(parents, parent_steps)) and s.status = 1 /* Status.performing */
    and s.undo is distinct from 8 /* Undo.unwind */;
  return next news(-4 /* Kind.abandoned */);
  return query select * from resume_parents(p_token, p_now, p_definitions, parents, parent_steps, p_flags);
end $$;
