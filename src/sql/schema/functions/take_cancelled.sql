-- Locks jobs that are cancelled in queues that are paused, wherever they stand there, by rule 15.8: so many, and of so
-- many bytes, as there is room for. Those that come first are taken by now.
-- For other functions only: it inherits their search path and their settings.
create function take_cancelled(
  p_queues text[], p_definitions text[], p_room int, p_bytes bigint, out locked tid[], out count int, out size bigint)
language plpgsql as $$
begin
  select array_agg(b.place order by b.n), count(*), coalesce(sum(b.bytes), 0)
  into locked, count, size
  from (
    select c.place, c.n, c.bytes, sum(c.bytes) over (order by c.n) - c.bytes as before
    from (
      select l.place, l.bytes, row_number() over () as n
      from unnest(p_queues) q(name)
      cross join lateral (
        select j.ctid as place, weight(j.arguments) as bytes
        from jobs j
        where
          j.queue = q.name
          and j.cancelled_at is not null
          and j.priority > -1000 /* Priority.first */
          and j.definition = any(p_definitions)
        order by j.id
        limit p_room
        for update skip locked
      ) l
      limit p_room
    ) c
  ) b
  where b.before < p_bytes;
end $$;
