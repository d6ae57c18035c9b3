-- The shortest way on which an action that is stuck waits for itself, from who waits to whom: null where it waits only
-- for others who wait for each other.
-- For other functions only: it inherits their search path and their settings.
create function cycle_of(p_id uuid, p_edges edge_of_waiting[], p_stuck uuid[]) returns jsonb
language plpgsql stable as $$
declare
  blocked edge_of_waiting[] := array(select b from blocked_by(p_edges, p_stuck) b);
  -- who holds others up in a lane
  holders edge_of_waiting[] := array(
    select e
    from unnest(p_edges) e
    where
      e.lane is not null
      and (e."limit" is null or e.several)
      and (e.action in (select unnest(p_stuck))) is true);
  latest uuid[] := array[p_id];
  followed edge_of_waiting[] := array[]::edge_of_waiting[];
  found edge_of_waiting[];
  cycle edge_of_waiting[] := array[]::edge_of_waiting[];
  target uuid := p_id;
begin
  loop
    found := array(
      select distinct on (x.child) row(x.action, x.child, x.step, x.lane, null, null, null)::edge_of_waiting
      from (
        select b.action, b.child, b.step, null as lane
        from unnest(blocked) b
        where b.child is not null and (b.action in (select unnest(latest))) is true
        union all
        select b.action, h.action, null, b.lane
        from (
          select distinct on (w.lane, w.turn is null) w.action, w.lane, w.turn
          from unnest(blocked) w
          where w."limit" is not null and (w.action in (select unnest(latest))) is true
          order by w.lane, w.turn is null, w.turn desc
        ) b
        join unnest(holders) h
          on
            h.lane = b.lane
            -- a lane that is full holds up by who performs there, a line by who waits before others
            and case when b.turn is null then h."limit" is null else h."limit" is not null and h.turn < b.turn end
      ) x
      where (x.child in (select f.child from unnest(followed) f)) is not true
      order by x.child);
    if cardinality(found) = 0 then return null; end if;
    followed := followed || found;
    latest := array(select f.child from unnest(found) f);
    exit when (p_id in (select unnest(latest))) is true;
  end loop;
  while target <> p_id or cardinality(cycle) = 0 loop
    cycle := (select f from unnest(followed) f where f.child = target) || cycle;
    target := cycle[1].action;
  end loop;
  return (
    select
      jsonb_agg(
        jsonb_build_object(
          'action', split_part(l.definition, '/', 2), 'actor', split_part(l.definition, '/', 1) || '/' || l.actor_id)
        || case
          when c.lane is not null then jsonb_build_object('lane', lane_name(c.lane))
          else coalesce(
            (
              select jsonb_build_object('step', s.name)
              from steps s
              where
                s.action = c.action
                and s.idx = c.step
                and s.kind in (0 /* StepKind.own */, 2 /* StepKind.prepended */)
            ),
            -- of one that is only asked about, the step that runs
            case when l.step = c.step and l.step_kind in (0 /* StepKind.own */, 2 /* StepKind.prepended */)
              then jsonb_build_object('step', l.step_name) end,
            '{}') end
        order by c.n)
    from unnest(cycle) with ordinality as c(action, child, step, lane, "limit", turn, several, n)
    left join lateral (
      select l.definition, l.actor_id, l.step, l.step_kind, l.step_name
      from live_actions l
      where l.id = c.action
      offset 0
    ) l on true);
end $$;
