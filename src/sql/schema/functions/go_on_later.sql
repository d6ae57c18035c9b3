-- Has actions go on by jobs, at once or at the time that their conclusions say. An execution that somebody has resumed
-- or interrupted while its body ran does not wait for that time: as if it had been asked for between the two tries
-- (`wake_execution`). Whoever asks has its row locked, as this one has. Says whether one of them goes on at once.
-- For other functions only: it inherits their search path and their settings.
create function go_on_later(
  p_now timestamptz, p_good int[], conclusion_action uuid[], conclusion_job boolean[], conclusion_due timestamptz[])
returns boolean language plpgsql as $$
declare
  v_actions uuid[];
  v_due timestamptz[];
begin
  select array_agg(c.action), array_agg(case when not l.is_resumed then c.due end)
  into v_actions, v_due
  from unnest(conclusion_action, conclusion_job, conclusion_due) with ordinality as c(action, job, due, n)
  cross join lateral (
    select t.flags & 2048 /* Flag.resumed */ <> 0 as is_resumed from live_actions t where t.id = c.action offset 0
  ) l
  where c.job and (p_good is null or c.n = any(p_good));
  -- one that was left over from before would begin it at once; one that a claim has just taken is that claim's to drop
  delete from jobs
  where ctid = any(array(
    select ctid
    from jobs
    where action = any(v_actions) and kind = 1 /* JobKind.continuation */
    for update skip locked));
  perform continue_by_job(p_now, v_actions, v_due);
  return array_position(v_due, null) is not null;
end $$;
