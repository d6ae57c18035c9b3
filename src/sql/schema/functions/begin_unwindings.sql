-- The children for whose unwinding these actions wait are unwound, some at a time: what does so takes its place in
-- their lanes, and erases what they have achieved, as far as that is still theirs. Whoever is left as it is, has
-- nothing to undo, or would wait for itself, is waited for no longer; nor is what is forgotten (rule 18.5): that is not
-- undone, and says so.
-- For other functions only: it inherits their search path and their settings.
create function begin_unwindings(
  p_token bigint, p_now timestamptz, p_definitions text[], p_first_steps text[], p_flags smallint[], p_parents uuid[],
  p_limit int)
returns setof answer language plpgsql as $$
declare
  due record;
  taken record;
  deadlocked uuid[];
  reasons text[];
  parents uuid[];
  parent_steps int[];
begin
  select d.ids, d.kept, d.over, d.forgotten, d.more into due from due_to_unwind(p_parents, p_limit) d;
  if due.ids is not null then
    select t.started, t.due, t.entered, t.deadlocked, t.reasons into taken from take_unwindings(p_now, due.ids) t;
    return next news(-8 /* Kind.queued */);
    return query select * from promote_next_in_named_lanes(
      p_token, p_now, p_definitions, p_first_steps, p_flags, taken.started, taken.due);
    perform forget_empty_lanes(p_now, taken.entered);
    deadlocked := taken.deadlocked;
    reasons := taken.reasons;
  end if;
  if due.forgotten is not null then
    update ended_actions e
    set
      unwound = jsonb_build_object(
        'notUndone',
        jsonb_build_array(jsonb_build_object(
          'step', split_part(e.definition, '/', 2), 'message', 'forgotten' /* words.forgotten */)))
    where e.id = any(due.forgotten);
    due.over := due.over || due.forgotten;
  end if;
  if coalesce(due.kept, due.over, deadlocked) is not null then
    perform lock_waiting_steps(due.kept || due.over || deadlocked);
    with u as (
      update slots o
      set
        status = case
          when o.child = any(deadlocked) then 7 /* Status.deadlocked */
          when e.unwound ? 'notUndone' then 5 /* Status.failed */
          else 2 /* Status.succeeded */ end,
        undo = case when o.child = any(due.kept) then 3 /* UndoSlot.kept */ else 1 end,
        cause = case
          when o.child = any(deadlocked) then
            jsonb_build_object('notUndone', jsonb_build_array(jsonb_build_object(
              'step', split_part(o.definition, '/', 2),
              'message', reasons[array_position(deadlocked, o.child)])))
          -- it was unwound before, for who has given up to wait for that
          else nullif(e.unwound, '{}') end
      from ended_actions e
      where
        o.child = any(due.kept || due.over || deadlocked) and o.undo is not null and o.status is null
        and e.id = any(due.kept || due.over || deadlocked) and e.id = o.child
      returning o.action, o.step
    )
    select array_agg(action), array_agg(step) into parents, parent_steps from u;
    return query select * from resume_parents(p_token, p_now, p_definitions, parents, parent_steps, p_flags);
  end if;
  if due.more or coalesce(due.ids, due.kept, due.over) is not null then
    return next news(-4 /* Kind.abandoned */);
    if coalesce(due.ids, due.kept, due.over) is null then
      return next row(-1 /* Kind.taken */, null, null, null, null, 0, 0, 1, 0, null)::answer;
    end if;
  end if;
end $$;
