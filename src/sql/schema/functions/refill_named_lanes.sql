-- Lets begin whoever may in lanes that were left by somebody who held them besides. As a rule they are locked already
-- (`enter_named_lanes`); what has changed since it looked is waited for, against the order: nobody else would look
-- there.
-- For other functions only: it inherits their search path and their settings.
create function refill_named_lanes(
  p_token bigint, p_now timestamptz, p_definitions text[], p_first_steps text[], p_flags smallint[], p_lanes text[])
returns setof answer language plpgsql as $$
declare
  locked text[];
  filled record;
begin
  locked := array(
    select n.lane from named_lanes n where n.lane = any(p_lanes) order by n.lane for update);
  select f.started, f.due into filled from fill_named_lanes(p_now, locked) f;
  perform forget_empty_lanes(p_now, locked);
  return query select * from promote_next_in_named_lanes(
    p_token, p_now, p_definitions, p_first_steps, p_flags, filled.started, filled.due);
end $$;
