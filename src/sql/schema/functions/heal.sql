-- What must not be, and is put right: a live action that nothing continues gets the job that does, and a lane that
-- somebody could go on in is looked at (`heal_lanes`; those are given without a phase). Some pages of the
-- table a call, in the order in which they lie there: an index would lead through all that has died, for as long as an
-- old snapshot might see it, and what nothing continues does not move. Gives where the next call begins, or null after
-- the last page. It waits for nobody: another one at it, and rows that somebody has in hand, are passed by. Transitions
-- leave a job, a token or an open slot with the same commit, so one snapshot tells; it has to be newer than the lock,
-- since whoever had the row before may have decided about it.
--
-- What it has healed is recorded (`heals`) for a week after it was needed last; with each look at the last page what is
-- older is deleted.
create function heal(p_now timestamptz, p_page int, p_pages int, p_by text default null)
returns table (action uuid, definition text, actor_id text, phase smallint, next int)
language plpgsql set search_path from current as $$
#variable_conflict use_column
declare
  v_from tid := ('(' || p_page || ',0)')::tid;
  v_to tid := ('(' || p_page + p_pages || ',0)')::tid;
  locked uuid[];
  v_next int;
begin
  perform require_read_committed();
  if not pg_try_advisory_xact_lock(hashtextextended('stepped heal ' || quote_ident(current_schema()), 0)) then
    return query select null::uuid, null::text, null::text, null::smallint, p_page;
    return;
  end if;
  locked := array(select id from stranded_actions where place >= v_from and place < v_to for update skip locked);
  if cardinality(locked) > 0 then
    locked := array(select id from stranded_actions where id = any(locked));
    perform continue_by_job(p_now, locked);
    perform record_heals(p_now, p_by, locked, false);
    return query
      select l.id, l.definition, l.actor_id, l.phase, null::int from live_actions l where l.id = any(locked);
  end if;
  locked := array(select h.action from heal_lanes(p_now, v_from, v_to) h(action));
  if cardinality(locked) > 0 then
    perform record_heals(p_now, p_by, locked, true);
    return query
      select l.id, l.definition, l.actor_id, null::smallint, null::int from live_actions l where l.id = any(locked);
  end if;
  v_next := case
    when pg_relation_size('live_actions') > (p_page + p_pages)::bigint * current_setting('block_size')::int
      then p_page + p_pages
  end;
  if v_next is null then delete from heals where last_at < p_now - interval '7 days'; end if;
  return query select null::uuid, null::text, null::text, null::smallint, v_next;
end $$;
