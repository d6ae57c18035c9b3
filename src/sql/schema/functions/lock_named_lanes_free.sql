-- Those of these actions whose named lanes nobody else has locked, which are locked then. For whoever has locked the
-- actions' rows already, and must not wait.
-- For other functions only: it inherits their search path and their settings.
create function lock_named_lanes_free(p_actions uuid[]) returns uuid[]
language plpgsql as $$
declare
  locked text[];
begin
  locked := array(
    select n.lane
    from named_lanes n
    where n.lane = any(array(select lane from seats where action = any(p_actions)))
    order by n.lane
    for update skip locked);
  return array(
    select a
    from unnest(p_actions) a
    where not exists (select 1 from seats s where s.action = a and s.lane <> all(locked) offset 0));
end $$;
