-- Of which queues and definitions claims have left invocations that nothing pauses any more: from each pair to the next
-- one by the index, however many there are of it.
-- For other functions only: it inherits their search path and their settings.
create function resumable() returns table (queue text, definition text)
language plpgsql stable as $$
#variable_conflict use_column
begin
  return query
    with recursive k(queue, definition) as (
      (
        select queue, definition
        from jobs
        where priority = 1004 /* Priority.paused */
        order by queue, definition
        limit 1
      )
      union all
      select n.queue, n.definition
      from k
      cross join lateral (
        select j.queue, j.definition
        from jobs j
        where j.priority = 1004 /* Priority.paused */ and (j.queue, j.definition) > (k.queue, k.definition)
        order by j.queue, j.definition
        limit 1
      ) n
    )
    select k.queue, k.definition from k where not is_paused(null, k.queue, k.definition);
end $$;
