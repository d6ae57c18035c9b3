-- Two edges that close a cycle at the same time see each other only afterwards: the pending action of a cycle ends as deadlocked.
-- In any order, so that with more of them than one call looks at, each has its turn.
create function break_deadlocks(p_token bigint, p_now timestamptz, p_defs text[], p_first text[], p_flags smallint[]) returns setof task language plpgsql set search_path from current as $$
declare p record; n int := 0;
begin
  perform require_read_committed();
  for p in select w.id, w.lane, c.id as current from live_actions w join live_actions c on c.lane = w.lane and c.status = 1
    where w.status = 0 and w.outcome is null and exists (select 1 from slots o where o.child = w.id and o.status is null) order by random() limit 1000 loop
    if exists (select 1 from waiters_of(p.id) x where x = p.current) then
      perform 1 from live_actions where lane = p.lane and status = 1 and id = p.current for update skip locked;
      if found then
        perform 1 from live_actions where id = p.id and status = 0 and outcome is null for update skip locked;
        -- once more: the cycle may have opened before the two were locked
        if found and exists (select 1 from waiters_of(p.id) x where x = p.current) then
          return next row(-3, p.id, null, null, null, 0, 0, 0, 0, null)::task;
          return query select * from conclude(leased(p_token), p_now, p_defs, p_first, p_flags, '{}', array[p.id], array[7::smallint], null,
            array[jsonb_build_object('kind', 'deadlocked', 'lane', p.lane)], null, null, null, array[p.id]);
          return; -- one cycle a call: its end may have opened the others
        end if;
      end if;
    end if;
  end loop;
end $$;
