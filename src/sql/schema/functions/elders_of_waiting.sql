-- Whom the elder siblings of an invocation wait for that are in one of its lanes and wait themselves; where that is
-- one that waits as well, whom that one waits for, too.
-- For other functions only: it inherits their search path and their settings.
create function elders_of_waiting(p_job claimed_job) returns uuid[]
language plpgsql stable as $$
begin
  return array(
    with recursive up(elder) as (
      select w.elder
      from jobs w
      where
        w.parent = p_job.parent and w.parent_step = p_job.parent_step and w.ordered and w.id < p_job.id
        and w.priority = 1002 /* Priority.waiting */
        and (w.lane = p_job.lane or w.lanes && p_job.lanes)
      union
      select w.elder
      from up
      join jobs w on w.action = up.elder and w.kind = 0 /* JobKind.invocation */
      where w.priority = 1002 /* Priority.waiting */
    )
    select elder from up);
end $$;
