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
  cross join lateral (
    select t.ctid as place from signals t where t.action = c.action and t.step = c.step and t.slot is null offset 0
  ) t
  where c.unread and (p_good is null or c.n = any(p_good)) and s.ctid = t.place;
  update signals s
  set step = r.step
  from unnest(received_action, received_step, received_id) with ordinality as r(action, step, id, n)
  cross join lateral (
    select t.ctid as place from signals t where t.action = r.action and t.id = r.id::bigint and t.step is null offset 0
  ) t
  where (valid is null or r.n = any(valid)) and s.ctid = t.place;
end $$;
