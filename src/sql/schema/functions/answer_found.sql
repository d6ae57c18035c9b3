-- Answers invocations that become no actions. What counts only once the worker has looked at it is looked at first.
-- For other functions only: it inherits their search path and their settings.
create function answer_found(
  p_token bigint, p_now timestamptz, p_definitions text[], p_flags smallint[], p_achieved unstored_answer[],
  p_answers unstored_answer[])
returns setof answer language plpgsql as $$
declare
  unseen unstored_answer[];
  -- whose achievements they are that could be undone
  reused uuid[];
begin
  if cardinality(p_achieved) > 0 then
    select
      array_agg(a) filter (where x.flags & 32 /* Flag.takenAsIs */ = 0),
      p_answers || array_agg(a) filter (where x.flags & 32 /* Flag.takenAsIs */ <> 0),
      array_agg(a.achieved_by) filter (where x.flags & 64 /* Flag.compensates */ <> 0)
    into unseen, p_answers, reused
    from unnest(p_achieved) a
    cross join lateral (select p_flags[array_position(p_definitions, (a.job).definition)] as flags) x;
    perform keep_reused(reused);
    if unseen is not null then return query select * from hold_unseen(p_token, unseen); end if;
  end if;
  if cardinality(p_answers) > 0 then
    return query select * from answer_unstored(p_token, p_now, p_definitions, p_flags, p_answers);
  end if;
end $$;
