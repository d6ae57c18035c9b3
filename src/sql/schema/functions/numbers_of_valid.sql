-- Of slots, or of what is enqueued, given by the steps that they belong to or were started by: the numbers of those
-- whose conclusion is among the `p_good` ones. Beside a stale conclusion there may be a valid one of the same action.
-- What a callback has started is of no step. Null, for all of them, where none is stale.
-- For other functions only: it inherits their search path and their settings.
create function numbers_of_valid(
  p_actions uuid[], p_steps int[], p_starters uuid[], p_starter_steps int[], p_good int[], conclusion_action uuid[],
  conclusion_step int[], conclusion_phase smallint[])
returns int[] language plpgsql as $$
begin
  if p_good is null then return null; end if;
  return array(
    select x.n
    from unnest(p_actions, p_steps, p_starters, p_starter_steps) with ordinality
      as x(action, step, starter, starter_step, n)
    where ((coalesce(x.action, x.starter), coalesce(x.step, x.starter_step, -1)) in (
      select c.action, case when c.phase = 3 /* Phase.callbacks */ then -1 else c.step end
      from unnest(conclusion_action, conclusion_step, conclusion_phase) with ordinality as c(action, step, phase, n)
      where
        c.phase in (0 /* Phase.step */, 3 /* Phase.callbacks */, 5 /* Phase.unwinding */, 7 /* Phase.closing */)
        and c.n = any(p_good))) is true);
end $$;
