-- Two edges that close a cycle at the same time see each other only afterwards: the pending action of a cycle ends as
-- deadlocked.
create function break_deadlocks(p_token bigint, p_now timestamptz, p_definitions text[], p_first_steps text[],
p_flags smallint[])
returns setof answer language plpgsql set search_path from current as $$
declare
  p record;
begin
  perform require_read_committed();
  for p in select b.id, b.lane, b.performing from blocked_pending(1000) b loop
    if exists (select 1 from waiters_of(p.id) x where x = p.performing) then
      perform 1 from live_actions
      where lane = p.lane and seat = 0 /* Seat.performing */ and id = p.performing
      for update skip locked;
      if found then
        perform 1 from live_actions
        where id = p.id and seat = -1 /* Seat.pending */
        for update skip locked;
        -- once more: the cycle may have opened before the two were locked
        if found and exists (select 1 from waiters_of(p.id) x where x = p.performing) then
          return next news(-3 /* Kind.ended */, p.id);
          return query select * from end_actions(leased(p_token), p_now, p_definitions, p_first_steps, p_flags,
            array[p.id], null, array[7 /* Status.deadlocked */::smallint], null,
            array(select deadlock_cause(l.lane, l.definition, l.actor_id) from live_actions l where l.id = p.id),
            null, null, null, null, array[p.id]);
          return; -- one cycle a call: its end may have opened the others
        end if;
      end if;
    end if;
  end loop;
end $$;
