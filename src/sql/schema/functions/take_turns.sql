-- Beside the jobs that a claim has locked in their order, locks those of tenants that take turns, and says which of
-- both it takes: by priority, then in turn. Whoever has no tenant stands in the order in which all were enqueued: it
-- comes before the first in turn that was enqueued after it. What is locked and not taken is for the next claim.
-- For other functions only: it inherits their search path and their settings.
create function take_turns(
  p_places tid[], p_room int, p_bytes bigint, p_queues text[], p_definitions text[],
  out places tid[], out taken int, out bytes bigint)
language plpgsql as $$
begin
  select
    array_agg(b.place order by b.priority, b.since, b.n), count(*), coalesce(sum(b.bytes), 0)
  into places, taken, bytes
  from (
    select
      m.place, m.priority, m.since, m.n, m.bytes,
      sum(m.bytes) over (order by m.priority, m.since, m.n) - m.bytes as before,
      row_number() over (order by m.priority, m.since, m.n) as nth
    from (
      select
        j.ctid as place, j.priority, j.id as since, 0::bigint as n, weight(j.arguments) as bytes
      from jobs j
      where j.ctid = any(p_places)
      union all
      select
        t.place, t.own_priority,
        -- whoever is behind somebody in turn is not before them, however long it has been there
        max(t.id) over (partition by t.queue, t.own_priority order by t.turn, t.id),
        row_number() over (order by t.own_priority, t.turn, t.id), t.bytes
      from (
        select l.*
        from unnest(p_queues) q(name)
        cross join lateral (
          select
            j.ctid as place, j.queue, j.own_priority, j.turn, j.id, weight(j.arguments) as bytes
          from jobs j
          where j.priority = 999 /* Priority.turns */ and j.queue = q.name and j.definition = any(p_definitions)
          order by j.own_priority, j.turn, j.id
          limit p_room
          for update skip locked
        ) l
        limit p_room
      ) t
    ) m
  ) b
  where b.nth <= p_room and b.before < p_bytes;
end $$;
