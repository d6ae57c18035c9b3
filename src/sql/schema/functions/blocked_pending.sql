-- Actions that wait in their lanes and that somebody waits for: in a cycle of waiting there is one of these. In any
-- order, so that with more of them than one call looks at, each has its turn.
-- For other functions only: it inherits their search path. No index leads to them: it is planned each time, for what
-- the tables hold now.
create function blocked_pending(p_limit int) returns table (id uuid)
language plpgsql stable set enable_seqscan = on set enable_hashjoin = on as $$
#variable_conflict use_column
begin
  return query execute '
    select w.id
    from live_actions w
    where
      w.status = 0 /* Status.pending */
      and w.outcome is null
      and exists (select 1 from slots o where o.child = w.id and o.status is null offset 0)
    order by random()
    limit $1'
  using p_limit;
end $$;
