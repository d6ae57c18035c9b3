-- Named lanes in use are as this process knows them, where another one has left them otherwise: when it begins, and
-- when a worker has gone since its last look, which may have let in the last one. `p_seen` are the workers of that
-- look; those that are there now are given, or nothing, where there is more to do. Lines that may go on by it are due,
-- and `tick` looks at them.
create function adopt_lanes(p_now timestamptz, p_lanes jsonb, p_seen bigint[], p_limit int) returns bigint[]
language plpgsql set search_path from current as $$
declare
  present bigint[] := array(select token from workers order by token);
begin
  if p_seen <@ present then return present; end if;
  update named_lanes n
  set settings = p_lanes -> split_part(n.lane, U&'\0001', 1), due_at = p_now
  where n.lane = any(array(
    select o.lane
    from named_lanes o
    where p_lanes -> split_part(o.lane, U&'\0001', 1) <> o.settings
    order by o.lane
    limit p_limit
    for update skip locked));
  return case
    when exists (
      select 1 from named_lanes o where p_lanes -> split_part(o.lane, U&'\0001', 1) <> o.settings
    ) then null
    else present end;
end $$;
