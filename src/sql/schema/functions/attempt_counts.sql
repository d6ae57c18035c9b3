-- Whether an attempt of a step is still waited for, or what comes after its success: it runs, waits, or has succeeded,
-- and how its action ends is not decided.
create function attempt_counts(p_action uuid, p_step int, p_attempt int) returns boolean
language plpgsql stable set search_path from current as $$
begin
  return exists (
    select
    from live_actions l
    left join lateral (
      select s.status, s.attempt from steps s where s.action = l.id and s.idx = p_step offset 0
    ) s on true
    where
      l.id = p_action
      and l.outcome is null
      and case
        when l.step = p_step and l.phase in (0 /* Phase.step */, 1 /* Phase.waiting */)
          then coalesce(l.step_attempt, 1) = p_attempt
        else s.status = 2 /* Status.succeeded */ and coalesce(s.attempt, 1) = p_attempt end);
end $$;
