-- Locks, in their order, the steps that wait for these children, and those of `p_own` that wait for whatever.
-- For other functions only: it inherits their search path and their settings.
create function lock_waiting_steps(p_children uuid[], p_own uuid[] default '{}') returns void
language plpgsql as $$
begin
  perform 1
  from steps s
  where (s.action, s.idx) in (
    select action, step from slots where child = any(p_children) and status is null
    union
    select action, idx from steps where action = any(p_own) and status = 1 /* Status.performing */)
  order by s.action, s.idx
  for no key update;
end $$;
