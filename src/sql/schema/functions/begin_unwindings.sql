-- The children for whose unwinding these actions wait are unwound, some at a time: what does so takes its place in
-- their lanes, and erases what they have achieved, as far as that is still theirs. Whoever is left as it is, has
-- nothing to undo, or would wait for itself, is waited for no longer.
-- For other functions only: it inherits their search path and their settings.
create function begin_unwindings(
  p_token bigint, p_now timestamptz, p_definitions text[], p_first_steps text[], p_flags smallint[], p_parents uuid[],
  p_limit int)
returns setof answer language plpgsql as $$
declare
  due record;
  filled record;
  started uuid[];
  entered text[];
  deadlocked uuid[];
  reasons text[];
  keys text[];
  parents uuid[];
  parent_steps int[];
begin
  select d.ids, d.kept, d.over, d.more into due from due_to_unwind(p_parents, p_limit) d;
  if due.ids is not null then
    select l.started, l.entered, l.deadlocked, l.reasons
    into started, entered, deadlocked, reasons
    from unwind_in_lanes(p_now, due.ids) l;
    select f.started, f.due into filled from fill_named_lanes(p_now, entered) f;
    -- in one pass with those of whoever begins beside it
    keys := array(
      select checksum_key
      from achievements
      where checksum_key = any(array(
        select coalesce(e.checksum_key, e.lane)
        from ended_actions e
        where e.id = any(due.ids) and e.id <> all(coalesce(deadlocked, '{}')) and e.checksum is not null
        union all
        select checksum_key from live_actions where id = any(filled.started)))
      order by checksum_key
      for update);
    delete from achievements where checksum_key = any(keys) and action = any(due.ids);
    perform continue_by_job(p_now, started);
    return next news(-8 /* Kind.queued */);
    return query select * from promote_named(
      p_token, p_now, p_definitions, p_first_steps, p_flags, filled.started, filled.due);
    perform forget_empty_lanes(p_now, entered);
  end if;
  if coalesce(due.kept, due.over, deadlocked) is not null then
    perform lock_waiting_steps(due.kept || due.over || deadlocked);
    with u as (
      update slots o
      set
        status = case when o.child = any(deadlocked) then 7 /* Status.deadlocked */
          else 2 /* Status.succeeded */ end,
        undo = case when o.child = any(due.kept) then 3 /* UndoSlot.kept */ else 1 end,
        cause = case when o.child = any(deadlocked) then
          jsonb_build_object('notUndone', jsonb_build_array(jsonb_build_object(
            'step', split_part(o.definition, '/', 2),
            'message', reasons[array_position(deadlocked, o.child)]))) end
      where o.child = any(due.kept || due.over || deadlocked) and o.undo is not null and o.status is null
      returning o.action, o.step
    )
    select array_agg(action), array_agg(step) into parents, parent_steps from u;
    return query select * from resume(p_token, p_now, p_definitions, parents, parent_steps, p_flags);
  end if;
  if due.more or coalesce(due.ids, due.kept, due.over) is not null then
    return next news(-4 /* Kind.abandoned */);
  end if;
end $$;
