-- Lets begin whoever may in these named lanes, which the caller has locked: the first in line, as long as it is the
-- first in all of its lanes and each has room. Lanes that only they hold besides are taken with SKIP LOCKED: where one
-- is skipped, the line is looked at again by `tick`. `started` have their seats by now, and their rows are the caller's
-- to promote; `due` is when somebody may begin without anybody's end. Whom a pause holds is left where
-- it is, and its lane is marked for `resume_lanes`; its place holds up those behind it.
-- For other functions only: it inherits their search path and their settings.
create function fill_named_lanes(p_now timestamptz, p_lanes text[], out started uuid[], out due timestamptz)
language plpgsql as $$
declare
  todo text[] := p_lanes;
  locked text[] := p_lanes;
  v_lane text;
  first uuid;
  others text[];
  got text[];
  v_due timestamptz;
  pausing boolean;
  held boolean;
begin
  started := '{}';
  while cardinality(todo) > 0 loop
    v_lane := todo[1];
    todo := todo[2:];
    loop
      v_due := null;
      held := null;
      select s.action, exists (select 1 from pauses)
      into first, pausing
      from seats s
      where s.lane = v_lane and s.seat is null
      order by s.priority, s.place
      limit 1;
      exit when not found;
      others := array(select s.lane from seats s where s.action = first and s.lane <> all(locked));
      if cardinality(others) > 0 then
        got := array(
          select n.lane from named_lanes n where n.lane = any(others) order by n.lane for update skip locked);
        locked := locked || got;
        if cardinality(got) < cardinality(others) then
          v_due := p_now;
          exit;
        end if;
      end if;
      v_due := free_at(first);
      if pausing and waits_for_pause(first) then
        -- in a lane that cancels it would not only wait
        held := v_due <= p_now
          or (v_due = 'infinity' and exists (
            select 1 from named_lanes n where n.lane = v_lane and n.settings ->> 'whenBusy' = 'cancelRunning'));
      end if;
      exit when v_due > p_now;
      if held then
        v_due := null;
        exit;
      end if;
      perform take_seats(p_now, first);
      started := started || first;
      todo := todo || array(
        select s.lane from seats s where s.action = first and s.lane <> v_lane and s.lane <> all(todo));
    end loop;
    if v_due = 'infinity' then v_due := null; end if;
    update named_lanes
    set due_at = v_due, paused = nullif(held, false)
    where lane = v_lane and (due_at is distinct from v_due or paused is distinct from nullif(held, false));
    due := least(due, v_due);
  end loop;
end $$;
