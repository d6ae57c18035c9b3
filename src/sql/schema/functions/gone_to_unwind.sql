-- Of children that are to be unwound, or may be, those that are not in the history any more, or below which something
-- is not that would be unwound with them (rule 10.4). All that is there is locked then: whoever deletes or forgets
-- passes by what is locked; what such a one has locked counts as gone.
-- For other functions only: it inherits their search path and their settings.
create function gone_to_unwind(p_children uuid[]) returns uuid[]
language plpgsql as $$
declare
  -- one level after the other: whose child each of them is, or below which
  tops uuid[] := p_children;
  ids uuid[] := p_children;
  locked uuid[];
  gone uuid[] := '{}'::uuid[];
begin
  while cardinality(ids) > 0 loop
    locked := array(select e.id from ended_actions e where e.id = any(ids) for key share skip locked);
    gone := gone
      || array(select x.top from unnest(tops, ids) x(top, id) where (x.id in (select unnest(locked))) is not true);
    select coalesce(array_agg(b.top), '{}'), coalesce(array_agg(b.child), '{}')
    into tops, ids
    from (
      select distinct x.top, o.child
      from unnest(tops, ids) x(top, id)
      cross join lateral (
        select e.status, e.undo, e.unwound from ended_actions e where e.id = x.id offset 0
      ) e
      cross join lateral (
        select s.idx, s.undo from steps s where s.action = x.id and s.kind <> 5 /* StepKind.compensation */ offset 0
      ) s
      cross join lateral (
        select o.child, o.status, o.moved, o.carried, o.unstored
        from slots o
        where o.action = x.id and o.step = s.idx and o.child is not null
        offset 0
      ) o
      where
        e.status = 2 /* Status.succeeded */ and e.undo & 2 /* Undoable.shared */ = 0 and e.unwound is null
        and s.undo & 8 /* Undo.unwind */ <> 0
        and o.status in (2 /* Status.succeeded */, 4 /* Status.cancelled */)
        and (o.moved is not true or o.carried)
        and o.unstored is not true
        and not exists (
          select 1
          from steps p
          where
            p.action = x.id and p.status = 2 /* Status.succeeded */ and p.undo & 4 /* Undo.pointOfNoReturn */ <> 0
          offset 0)
        and not exists (select 1 from live_actions l where l.id = o.child offset 0)
        and not exists (
          select 1 from jobs j where j.action = o.child and j.kind = 0 /* JobKind.invocation */ offset 0)
    ) b;
  end loop;
  return gone;
end $$;
