-- Named lanes that nobody is in any more go with their last one; those with a rate when their window is over, at which
-- `tick` looks at them. Gives how many have gone.
-- For other functions only: it inherits their search path and their settings.
create function forget_empty_lanes(p_now timestamptz, p_lanes text[]) returns int
language plpgsql as $$
declare
  v_count int;
begin
  delete from named_lanes n
  where
    n.lane = any(p_lanes)
    and coalesce(window_over_at(n.settings, n.starts) <= p_now, true)
    and not exists (select 1 from seats s where s.lane = n.lane offset 0);
  get diagnostics v_count = row_count;
  update named_lanes n
  set due_at = window_over_at(n.settings, n.starts)
  where
    n.lane = any(p_lanes)
    and n.starts is not null
    and not exists (select 1 from seats s where s.lane = n.lane offset 0);
  return v_count;
end $$;
