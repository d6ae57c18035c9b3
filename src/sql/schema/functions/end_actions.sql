-- Ends live actions whose rows and lanes the caller has locked: history, achievement, promotion, slots, parents.
-- `p_arguments` are what bodies have replaced theirs with; `p_step_names` and `p_step_kinds` say what the only steps
-- are that have no row; `p_abrupt` are those that do not end by themselves; `p_trace` is who has completed
-- them.
-- For other functions only: it inherits their search path and their settings.
create function end_actions(
  p_token bigint, p_now timestamptz, p_definitions text[], p_first_steps text[], p_flags smallint[], p_ids uuid[],
  p_arguments jsonb[], p_outcomes smallint[], p_results jsonb[], p_causes jsonb[], p_callbacks_succeeded smallint[],
  p_callbacks_failed smallint[], p_step_names text[], p_step_kinds smallint[], p_abrupt uuid[],
  p_trace text default null)
returns setof answer language plpgsql as $$
declare
  queued uuid[];
  gone record;
begin
  if p_abrupt is not null then
    queued := array(select id from live_actions where id = any(p_abrupt) and token is null);
    -- one that a claim has just taken is that claim's to drop: it may be waiting for these lanes
    if cardinality(queued) > 0 then
      delete from jobs
      where ctid = any(array(
        select ctid
        from jobs
        where action = any(queued) and kind = 1 /* JobKind.continuation */
        for update skip locked));
    end if;
    perform cancel_running(p_abrupt, p_now);
  end if;
  select e.ended, e.freed, e.achieves, e.executed
  into gone
  from move_to_history(
    p_token, p_now, p_ids, null, null, null, p_arguments, p_outcomes, p_results, p_causes, p_callbacks_succeeded,
    p_callbacks_failed, p_step_names, p_step_kinds) e;
  return query select * from after_ends(
    p_token, p_now, p_definitions, p_first_steps, p_flags, gone.freed, p_ids, gone.achieves, p_abrupt,
    gone.executed, p_trace);
end $$;
