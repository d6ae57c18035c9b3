-- Settings that keep the plans of a batch right whatever the tables hold: each row of a table is found by its index. A
-- session keeps the plans that it made while the tables were empty and never analysed; there a scan, a bitmap or a hash
-- of a whole table looks as good. Arrays are looked up in arrays by `(x in (select unnest(…))) is true`, which hashes
-- without being a join. Where dead rows are many, because of an old snapshot, and statistics know of few living ones, a
-- look-up seems to read hundreds of pages, and reading all of an index the better way: so live rows are joined by ctid,
-- or looked up in subqueries that cannot be turned around.
--
-- What is called from outside has them, and what that calls inherits them: its plans, too, are kept for all callers, so
-- that a caller without them would spoil those of the others. The functions that are not listed have no plan that could
-- go wrong.
do $$
declare
  name text;
begin
  foreach name in array array[
    'adaptive_consume',
    'adaptive_feedback',
    'adopt_lanes',
    'awaited_after',
    'break_deadlocks',
    'broken_schedules',
    'cancellable',
    'claim',
    'compensate_recorded',
    'complete',
    'complete_keyed',
    'complete_recorded',
    'consume_bucket',
    'consume_window',
    'decide_recorded',
    'delete_ended',
    'delete_tree',
    'detail_of',
    'earlier_after',
    'enqueue_and_claim',
    'enqueue_for_schedule',
    'enqueue_keyed',
    'executions_of',
    'explain_action',
    'explain_invocation',
    'finish',
    'fire_schedules',
    'forget_answers',
    'forget_elements',
    'forget_ended',
    'forget_limits',
    'free_keys',
    'heal',
    'hear',
    'holders_of',
    'interrupt_execution',
    'left_of',
    'live_page',
    'mark_schedules',
    'memos_after',
    'next_due',
    'note_progress',
    'outcomes_of',
    'pass_schedules',
    'pause',
    'postpone',
    'says_more',
    'set_aside',
    'signal_by_job',
    'unpause',
    'plan_deletion',
    'cancel_abandoned',
    'cancel_recorded',
    'recover',
    'give_back',
    'reprioritise',
    'reschedule',
    'remember',
    'renew_elements',
    'reserve_alone',
    'results_after',
    'resume_execution',
    'resume_schedules',
    'retry_recorded',
    'send_recorded',
    'send_signal',
    'send_to_executions',
    'sent_after',
    'signals_after',
    'start_executions',
    'undeclared_schedules',
    'unread_signals',
    'usual_time',
    'settle_elements',
    'slots_after',
    'take_elements',
    'tick',
    'what_of',
    'why'
  ] loop
    execute format(
      'alter function %I set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off '
      'set enable_hashjoin = off set enable_mergejoin = off',
      name
    );
  end loop;
end $$;
