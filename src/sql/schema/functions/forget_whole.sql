-- Leaves of actions that have ended, and that the caller has locked, that they were: what, of whom, when, how they
-- have ended, in which steps, and who has waited for whom. Arguments, results, and what was said of failures are
-- gone, and so are tags, keys that arguments make, what was sent, and what bodies have stored. Keys that were given
-- for them stay as long as they would without the history: they keep things from being done twice.
-- For other functions only: it inherits their search path and their settings.
create function forget_whole(p_now timestamptz, p_ids uuid[]) returns void
language plpgsql as $$
begin
  update ended_actions
  set
    arguments = '[]',
    given = null,
    result = null,
    cause = without_words(cause),
    unwound = without_words(unwound) - '{message,forgotten}'::text[],
    lane = null,
    lanes = null,
    checksum_key = null,
    checksum = null,
    tags = null,
    -- without what tracers have added for themselves
    trace = left(trace, 55),
    forgotten = 1 /* Forgotten.whole */ | 2 /* Forgotten.result */
  where id = any(p_ids);
  update steps
  set
    result = case when result ? '$failure' then
      jsonb_build_object('$failure', without_words(result -> '$failure')) end,
    attempts = attempts_forgotten(attempts)
  where action = any(p_ids) and (result is not null or attempts is not null);
  update slots
  set result = null, cause = without_words(cause), details = null, request = null, trace = left(trace, 55)
  where
    action = any(p_ids)
    and (result is not null or cause is not null or details is not null or request is not null or trace is not null);
  update signals
  set key = null, payload = null, cause = without_words(cause), trace = left(trace, 55)
  where action = any(p_ids);
  delete from memos where action = any(p_ids);
  update action_keys
  set free_at = held_until
  where
    action = any(p_ids) and kind in (2 /* KeyKind.completion */, 4 /* KeyKind.signal */)
    and free_at is null and held_until > p_now;
  delete from action_keys
  where
    action = any(p_ids) and kind in (2 /* KeyKind.completion */, 4 /* KeyKind.signal */)
    and free_at is null;
end $$;
