-- Locks live actions that are still at the step and phase that were performed, under this token, in the order of their
-- lanes, one look-up after another; before that, if one of them is in named lanes, those of whoever ends. `good` are
-- the numbers of their conclusions, null if that is all of them, `places` where their rows are.
-- What is tried again, or suspended and woken, comes to the same step and phase, as does what waits or is undone when
-- somebody decides how that ends. The same worker may have it then, and say once more what it has concluded before, as
-- it has not heard that this is stored, or over: the epoch is another one by then.
-- For other functions only: it inherits their search path and their settings.
create function lock_concluded(
  p_token bigint, conclusion_action uuid[], conclusion_epoch int[], conclusion_step int[], conclusion_phase smallint[],
  conclusion_ends boolean[], out good int[], out places tid[])
language plpgsql as $$
begin
  with h as (
    select c.n, l.place
    from (
      select y.action, y.step, y.phase, y.n
      from (
        select x.action, x.step, x.phase, x.n, (select l.lane from live_actions l where l.id = x.action) as lane
        from unnest(conclusion_action, conclusion_step, conclusion_phase) with ordinality as x(action, step, phase, n)
        offset 0
      ) y
      -- asked once, and only where there is one without a lane; sorting ends before the first row is locked
      order by coalesce(y.lane, (
        select lock_named_lanes(array(
          select e.action from unnest(conclusion_action, conclusion_ends) as e(action, ends) where e.ends)))), y.action
      offset 0
    ) c
    left join lateral (
      select l.ctid as place
      from live_actions l
      where l.id = c.action and l.token = p_token and l.step = c.step and l.phase = c.phase
        and coalesce(l.epoch, 0) = coalesce(conclusion_epoch[c.n], 0)
      for update
    ) l on true
  )
  select array_agg(h.n) filter (where h.place is not null), array_agg(h.place order by h.n)
  into good, places
  from h;
  good := case when cardinality(good) = cardinality(conclusion_action) then null else coalesce(good, '{}') end;
end $$;
