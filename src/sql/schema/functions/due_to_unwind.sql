-- Of the children for whose unwinding these actions wait, those that are to begin (`ids`), in their order, and those
-- that are left as they are (`kept`), or have nothing to undo (`over`), or cannot be undone any more, as what that
-- would need is forgotten (`forgotten`). Their rows of the history are locked: nobody reuses or forgets what is
-- unwound. What somebody has locked is left for the next call, with those behind it (`more`); so is one
-- that ends just now: whoever ends it later knows that it is waited for. One that has performed later in a lane of
-- theirs and is still to end holds up those behind it: its end has them looked at again.
-- For other functions only: it inherits their search path and their settings.
create function due_to_unwind(
  p_parents uuid[], p_limit int, out ids uuid[], out kept uuid[], out over uuid[], out forgotten uuid[],
  out more boolean)
language plpgsql as $$
#variable_conflict use_column
declare
  -- those that have not ended, and those that have
  living uuid[];
  ended uuid[];
  locked uuid[];
begin
  select
    array_agg(o.child) filter (where e.id is null),
    array_agg(o.child) filter (
      where e.id is not null and (select l.id from live_actions l where l.id = o.child) is null)
  into living, ended
  from slots o
  left join lateral (select e.id from ended_actions e where e.id = o.child offset 0) e on true
  where o.action = any(p_parents) and o.undo is not null and o.status is null;
  locked := array(select l.id from live_actions l where l.id = any(living) for key share skip locked)
    || array(
      select j.action
      from jobs j
      where j.action = any(living) and j.kind = 0 /* JobKind.invocation */
      for key share skip locked);
  more := cardinality(locked) < cardinality(living);
  locked := array(select e.id from ended_actions e where e.id = any(ended) for update skip locked);
  select
    array_agg(x.child order by x.action, x.slot) filter (
      where x.is_free and not x.is_over and not x.is_kept and not x.is_forgotten),
    array_agg(x.child) filter (where x.is_free and not x.is_over and x.is_kept),
    array_agg(x.child) filter (where x.is_free and x.is_over),
    array_agg(x.child) filter (where x.is_free and not x.is_over and not x.is_kept and x.is_forgotten),
    coalesce(more, false) or coalesce(bool_or(not x.is_free and not x.is_behind), false)
  into ids, kept, over, forgotten, more
  from (
    select
      o.action, o.slot, o.child,
      bool_and((o.child in (select unnest(locked))) is true and b.first is null)
        over (partition by o.action order by o.slot)
        -- the others are next
        and row_number() over (order by o.action, o.slot) <= p_limit as is_free,
      count(b.first) over (partition by o.action order by o.slot) > 0 as is_behind,
      e.status <> 2 /* Status.succeeded */ or e.undo is null or e.unwound is not null as is_over,
      e.undo & 2 /* Undoable.shared */ <> 0
        or (
          (e.parent, e.parent_step) is distinct from (o.action, s.undoes)
          and not exists (
            select 1 from slots c where c.action = o.action and c.step = s.undoes and c.child = o.child and c.carried
            offset 0))
        or exists (
          select 1
          from steps p
          where
            p.action = e.id and p.status = 2 /* Status.succeeded */ and p.undo & 4 /* Undo.pointOfNoReturn */ <> 0
            offset 0)
        as is_kept,
      e.forgotten is not null as is_forgotten
    from slots o
    cross join lateral (select s.undoes from steps s where s.action = o.action and s.idx = o.step offset 0) s
    cross join lateral (
      select e.id, e.status, e.undo, e.unwound, e.parent, e.parent_step, e.forgotten, e.lane, e.lanes
      from ended_actions e
      where e.id = o.child
      offset 0
    ) e
    left join lateral (
      select b.slot as first
      from slots b
      cross join lateral (select l.unwinds, l.lane, l.lanes from live_actions l where l.id = b.child offset 0) l
      where
        cardinality(living) > 0
        and b.action = o.action and b.step = o.step and b.slot < o.slot and b.undo is not null and b.status is null
        and l.unwinds is null and (l.lane = e.lane or l.lanes && e.lanes)
      limit 1
    ) b on true
    where
      o.action = any(p_parents) and o.undo is not null and o.status is null
      and (o.child in (select unnest(ended))) is true
  ) x;
end $$;
