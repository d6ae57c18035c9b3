-- Locks, in one pass, the steps that wait for whom a claim may end: invocations that are answered, those that join
-- their lanes one after another, and who waits there, or is cancelled for them.
-- For other functions only: it inherits their search path and their settings.
create function lock_touched_steps(p_answered claimed_job[], p_contended claimed_job[],
p_named claimed_job[]) returns void
language plpgsql as $$
declare
  touched uuid[] := case when p_named is not null then touched_in_named_lanes(p_named) else array[]::uuid[] end;
begin
  perform lock_waiting_steps(
    array(select j.action from unnest(p_answered || p_contended || p_named) j)
    || array(
      select l.id
      from live_actions l
      where l.status = 0 /* Status.pending */ and l.lane = any(array(select j.lane from unnest(p_contended) j)))
    || touched,
    touched);
end $$;
