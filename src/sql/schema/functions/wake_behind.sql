-- Siblings that wait for these elder ones are due, where those are in the queue no more: what they had found was gone
-- when they joined.
-- For other functions only: it inherits their search path and their settings.
create function wake_behind(p_elders uuid[]) returns void
language plpgsql as $$
begin
  update jobs
  set priority = -1000 /* Priority.first */, elder = null
  where ctid = any(array(
    select w.ctid
    from jobs w
    where
      w.elder = any(p_elders)
      and not exists (select 1 from jobs e where e.action = w.elder and e.kind = 0 /* JobKind.invocation */ offset 0)
    for update skip locked));
end $$;
