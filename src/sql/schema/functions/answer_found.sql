-- Answers invocations that become no actions. A result that somebody will read is looked at by the worker first.
-- For other functions only: it inherits their search path and their settings.
create function answer_found(
  p_token bigint, p_now timestamptz, p_definitions text[], p_flags smallint[], p_achieved unstored_answer[],
  p_answers unstored_answer[])
returns setof answer language plpgsql as $$
declare
  unseen unstored_answer[];
begin
  if cardinality(p_achieved) > 0 then
    select
      array_agg(a) filter (where p_flags[array_position(p_definitions, (a.job).definition)] & 32 /* Flag.void */ = 0),
      p_answers || array_agg(a) filter (where p_flags[array_position(p_definitions,
      (a.job).definition)] & 32 /* Flag.void */ <> 0)
    into unseen, p_answers
    from unnest(p_achieved) a;
    if unseen is not null then return query select * from hold_unseen(p_token, unseen); end if;
  end if;
  if cardinality(p_answers) > 0 then
    return query select * from answer_unstored(p_token, p_now, p_definitions, p_flags, p_answers);
  end if;
end $$;
