-- Of slots or children, given by their parents' steps: the numbers of those whose conclusion is among the `p_good`
-- ones. Beside a stale conclusion there may be a valid one of the same action. Null, for all of them, where none is
-- stale.
-- For other functions only: it inherits their search path and their settings.
create function numbers_of_valid(
  p_actions uuid[], p_steps int[], p_good int[], conclusion_action uuid[], conclusion_step int[],
  conclusion_phase smallint[])
returns int[] language plpgsql as $$
begin
  if p_good is null then return null; end if;
  return array(
    select x.n
    from unnest(p_actions, p_steps) with ordinality as x(action, step, n)
    where ((x.action, x.step) in (
      select c.action, c.step
      from unnest(conclusion_action, conclusion_step, conclusion_phase) with ordinality as c(action, step, phase, n)
      where c.phase = 0 /* Phase.step */ and c.n = any(p_good))) is true);
end $$;
