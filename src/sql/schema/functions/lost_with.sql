-- A step up to this one, by its name, that who goes on for an action could not undo as a whole, as children that it
-- would unwind with that, or something below these, are not in the history any more (`gone_to_unwind`, which locks the
-- rest). Nothing, if there is none.
-- For other functions only: it inherits their search path and their settings.
create function lost_with(p_action uuid, p_step int) returns text
language plpgsql as $$
declare
  gone uuid[] := gone_to_unwind(array(
    select o.child
    from steps s
    join slots o on o.action = p_action and o.step = s.idx
    where
      s.action = p_action and s.idx <= p_step and s.kind <> 5 /* StepKind.compensation */
      and s.undo & 8 /* Undo.unwind */ <> 0
      and o.child is not null and o.status = 2 /* Status.succeeded */ and (o.moved is not true or o.carried)
      and o.unstored is not true));
begin
  if cardinality(gone) = 0 then return null; end if;
  return (
    select s.name
    from slots o
    join steps s on s.action = p_action and s.idx = o.step
    where o.action = p_action and o.child = gone[1]
    limit 1);
end $$;
