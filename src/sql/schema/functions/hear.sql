-- Somebody outside is heard, for whom an action or a step waits; with `p_by` its limit is moved by so many ms, too.
-- That is stored, and what he says, where it is due, or where the limit moves; it needs one lock alone, that of the row
-- that waits, and of who comes too late nothing is changed: whoever finds the time over has the same lock, and looks at
-- the time again under it. `became` is as in `SentCode` of src/sql/rows.ts: `sent` is heard, `none` that nothing waits,
-- or, where a limit is to be moved, nothing that has one.
create function hear(
  p_now timestamptz, p_id uuid, p_definition text, p_actor_id text, p_signal text, p_step int, p_attempt int,
  p_details jsonb, p_by float8, out became int, out candidates uuid[])
language plpgsql set search_path from current as $$
declare
  w record;
begin
  perform require_read_committed();
  select * into w from waiting_outside(p_id, p_definition, p_actor_id, p_signal, p_step, p_attempt);
  candidates := w.candidates;
  became := case
    when w.became <> 1 /* Sent.sent */ then w.became
    when w.is_outbound then hear_action(p_now, w.action, p_details, p_by, p_step is not null)
    else hear_signals(
      p_now, w.action, w.step, p_signal, coalesce(p_step, w.step), coalesce(p_attempt, w.attempt), p_details, p_by,
      p_step is not null) end;
end $$;
