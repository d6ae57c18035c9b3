-- Locks, in their order, the steps that wait for these children, and those of `p_own` that wait for whatever.
-- For other functions only: it inherits their search path and their settings.
create function lock_waiting_steps(p_children uuid[], p_own uuid[] default '{}') returns void
language plpgsql as $$
begin
  perform 1
  from (
    select x.action, x.step
    from (
      select o.action, o.step
      from unnest(p_children) c
      cross join lateral (
        select o.action, o.step from slots o where o.child = c and o.status is null offset 0
      ) o
      union
      select s.action, s.idx
      from unnest(p_own) a
      cross join lateral (
        select s.action, s.idx from steps s where s.action = a and s.status = 1 /* Status.performing */ offset 0
      ) s
    ) x
    order by x.action, x.step
    offset 0
  ) x
  cross join lateral (
    select 1 from steps s where s.action = x.action and s.idx = x.step for no key update
  ) s;
end $$;
