-- What steps were given by `Step.received` is read with their success. Of one that waits it is kept for it until then,
-- and, where it does not succeed after all (`conclusion_step_unread`), unread again.
-- For other functions only: it inherits their search path and their settings.
create function read_signals(
  p_good int[], conclusion_action uuid[], conclusion_step int[], conclusion_phase smallint[],
  conclusion_step_unread boolean[], received_action uuid[], received_step int[], received_id float8[])
returns void language plpgsql as $$
declare
  valid int[] := numbers_of_valid(
    received_action, received_step, null, null, p_good, conclusion_action, conclusion_step, conclusion_phase);
begin
  update signals s
  set step = null
  from unnest(conclusion_action, conclusion_step, conclusion_step_unread) with ordinality as c(action, step, unread, n)
  where
    c.unread and (p_good is null or c.n = any(p_good)) and s.action = c.action and s.step = c.step and s.slot is null;
  update signals s
  set step = r.step
  from unnest(received_action, received_step, received_id) with ordinality as r(action, step, id, n)
  where (valid is null or r.n = any(valid)) and s.action = r.action and s.id = r.id::bigint and s.step is null;
end $$;
