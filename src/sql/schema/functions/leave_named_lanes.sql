-- Actions leave their named lanes, which the caller has locked; with `p_waiting`, those alone that wait. `started` and
-- `due` are what fill_named_lanes says of those behind them.
-- For other functions only: it inherits their search path and their settings.
create function leave_named_lanes(
  p_now timestamptz, p_ids uuid[], p_waiting boolean, out started uuid[], out due timestamptz)
language plpgsql as $$
declare
  freed text[];
begin
  with g as (
    delete from seats where action = any(p_ids) and (seat is null or not p_waiting) returning lane
  )
  select array_agg(distinct lane order by lane) into freed from g;
  if freed is null then
    started := '{}';
    return;
  end if;
  select f.started, f.due into started, due from fill_named_lanes(p_now, freed) f;
  perform forget_empty_lanes(p_now, freed);
end $$;
