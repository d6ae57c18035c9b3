-- Whether an action that waits in its lanes is in a cycle of waiting.
create function is_deadlocked(p_id uuid) returns boolean
language sql stable set search_path from current set enable_seqscan = off as $$
  select d.cycle is not null from deadlock_of(p_id, p_edges => 1000000, p_rounds => null) d
$$;
