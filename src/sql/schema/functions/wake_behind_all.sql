-- Has those look again that wait in a step behind one of several lanes that goes without joining, or is put off: they
-- may wait for whom it has waited for itself in another of its lanes, or for whom one in between has. Says whether
-- anybody does.
-- For other functions only: it inherits their search path and their settings.
create function wake_behind_all(p_parent uuid, p_step int, p_id bigint) returns boolean
language plpgsql as $$
begin
  update jobs
  set priority = -1000 /* Priority.first */, elder = null
  where ctid = any(array(
    select ctid
    from jobs
    where
      parent = p_parent and parent_step = p_step and ordered and id > p_id
      and priority = 1002 /* Priority.waiting */
    for update skip locked));
  return found;
end $$;
