-- Invocations join their named lanes, which the caller has locked: those that can together, and the others one after
-- another in the order of their ids; whoever may begins at once. The steps that wait for them, and for those whom they
-- may end, are locked by the caller.
-- For other functions only: it inherits their search path and their settings.
create function join_named_lanes(
  p_token bigint, p_now timestamptz, p_definitions text[], p_first_steps text[], p_flags smallint[],
  p_jobs claimed_job[])
returns setof answer language plpgsql as $$
declare
  j claimed_job;
  together record;
  joined record;
  filled record;
  ended uuid[] := array[]::uuid[];
  told uuid[] := array[]::uuid[];
  achieved unstored_answer[] := array[]::unstored_answer[];
  answers unstored_answer[] := array[]::unstored_answer[];
begin
  select l.started, l.rest into together from join_lines(p_definitions, p_flags, p_jobs) l;
  if cardinality(together.started) > 0 then
    return query select * from promote_next_in_named_lanes(
      p_token, p_now, p_definitions, p_first_steps, p_flags, together.started, null);
  end if;
  foreach j in array coalesce(together.rest, '{}') loop
    select l.became, l.result, l.achieved_by, l.achieved_at, l.cause, l.ended, l.told, l.freed
    into joined
    from join_named_lane(p_now, p_definitions, p_flags, j) l;
    ended := ended || joined.ended;
    told := told || joined.told;
    case joined.became
      when 'achieved' then
        achieved := achieved || row(
          j, 2 /* Status.succeeded */, joined.result, null, joined.achieved_by, joined.achieved_at)::unstored_answer;
      when 'deadlocked' then
        answers := answers || row(j, 7 /* Status.deadlocked */, null, joined.cause, null, null)::unstored_answer;
      when 'refused' then
        answers := answers || row(j, 4 /* Status.cancelled */, null, joined.cause, null, null)::unstored_answer;
      when 'waiting' then
        select f.started, f.due into filled from fill_named_lanes(p_now, j.lanes) f;
        return query select * from promote_next_in_named_lanes(
          p_token, p_now, p_definitions, p_first_steps, p_flags, filled.started, filled.due);
        if cardinality(joined.freed) > 0 then
          return query select * from refill_named_lanes(
            p_token, p_now, p_definitions, p_first_steps, p_flags, joined.freed);
        end if;
        return query select * from cancel_for_newcomer(
          p_token, p_now, p_definitions, p_first_steps, p_flags, j.lanes[1]);
      else
        null;
    end case;
  end loop;
  perform forget_empty_lanes(p_now, array(select unnest(x.lanes) from unnest(p_jobs) x));
  return query select * from news_of_ends(ended);
  if cardinality(told) > 0 then
    return query select * from tell_superseded(p_token, p_now, p_definitions, p_flags, told);
  end if;
  return query select * from answer_found(p_token, p_now, p_definitions, p_flags, achieved, answers);
end $$;
