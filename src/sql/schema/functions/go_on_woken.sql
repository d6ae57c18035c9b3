-- Has executions go on that are suspended just now, in this transaction, and were woken while their bodies ran: says
-- how many. Whoever wakes one locks its row, as whoever suspends it does, so that one of them sees the other: by the
-- flags, which are of this run alone, since whoever claims it next sets them anew, in another epoch. What a run before
-- it has concluded, and says once more, comes to the same step and phase, but not here: by its epoch it is stale
-- (`lock_concluded`).
-- Two kinds of what was sent have set no flag, and are looked for here, of those that are marked: what was sent to one
-- that was still queued did not come with its first claim, and what one fiber of a run has sent wakes nobody, though
-- another one may have begun to await it meanwhile.
-- For other functions only: it inherits their search path and their settings.
create function go_on_woken(
  p_now timestamptz, p_good int[], conclusion_action uuid[], conclusion_next_phase smallint[],
  conclusion_step_marked boolean[])
returns int language plpgsql as $$
declare
  v_woken uuid[];
begin
  with c as materialized (
    select x.action, x.marked
    from unnest(conclusion_action, conclusion_next_phase, conclusion_step_marked) with ordinality
      as x(action, next_phase, marked, n)
    where x.next_phase = 8 /* Phase.suspended */ and (p_good is null or x.n = any(p_good))
  ),
  w as (
    update live_actions l
    set phase = 0 /* Phase.step */, failure = null
    from
      c
      cross join lateral (select t.ctid as place from live_actions t where t.id = c.action offset 0) t
    where
      l.ctid = t.place
      and (
        l.flags & 2048 /* Flag.resumed */ <> 0
        or (
          l.failure is null
          and (
            l.flags & 1024 /* Flag.woken */ <> 0
            or (
              c.marked
              and exists (
                select 1
                from signals s
                where s.action = c.action and (s.to_ring is null or s.sent_at <= p_now)
                offset 0)))))
    returning l.id
  )
  select array_agg(id) into v_woken from w;
  return continue_by_job(p_now, v_woken);
end $$;
