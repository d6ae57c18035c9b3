-- Tells the slots of superseded actions whose waiters do not wait for the newer one.
-- For other functions only: it inherits their search path and their settings.
create function tell_superseded(
  p_token bigint, p_now timestamptz, p_definitions text[], p_flags smallint[], p_told uuid[])
returns setof answer language plpgsql as $$
declare
  parents uuid[];
  parent_steps int[];
begin
  with u as (
    update slots
    set status = 3 /* Status.superseded */
    where child = any(p_told) and status is null
    returning action, step
  )
  select array_agg(action), array_agg(step) into parents, parent_steps from u;
  if parents is not null then
    return query select * from resume_parents(p_token, p_now, p_definitions, parents, parent_steps, p_flags);
  end if;
end $$;
