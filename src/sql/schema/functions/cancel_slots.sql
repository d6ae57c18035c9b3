-- Cancels what these actions still wait for, whose steps the caller has locked. Gives those that had something open,
-- and whether children are left behind that are to be looked at.
-- For other functions only: it inherits their search path and their settings.
create function cancel_slots(p_ids uuid[], out waited uuid[], out is_abandoned boolean)
language plpgsql as $$
begin
  with o as (
    update slots
    set status = 4 /* Status.cancelled */
    where action = any(p_ids) and status is null
    returning action, child
  ),
  a as (
    insert into abandoned_by (action) select distinct action from o where child is not null
  )
  select array_agg(distinct action), coalesce(bool_or(child is not null), false) into waited, is_abandoned from o;
end $$;
