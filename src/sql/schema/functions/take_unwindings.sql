-- What unwinds these ended actions takes its place in their lanes, and what they have achieved is erased, as far as
-- that is still theirs; jobs continue those that perform in plain lanes. `started` perform in named lanes, and are the
-- caller's to promote, as `due` is to tell and `entered` are lanes that may be empty; whoever would wait for itself is
-- `deadlocked`, for these `reasons`, and has no place.
-- For other functions only: it inherits their search path and their settings.
create function take_unwindings(
  p_now timestamptz, p_ids uuid[], out started uuid[], out due timestamptz, out entered text[], out deadlocked uuid[],
  out reasons text[])
language plpgsql as $$
#variable_conflict use_column
declare
  plain uuid[];
  keys text[];
begin
  select l.started, l.entered, l.deadlocked, l.reasons
  into plain, entered, deadlocked, reasons
  from unwind_in_lanes(p_now, p_ids) l;
  select f.started, f.due into started, due from fill_named_lanes(p_now, entered) f;
  -- in one pass with those of whoever begins beside it
  keys := array(
    select checksum_key
    from achievements
    where checksum_key = any(array(
      select coalesce(checksum_key, lane)
      from ended_actions
      where id = any(p_ids) and id <> all(coalesce(deadlocked, '{}')) and checksum is not null
      union all
      select checksum_key from live_actions where id = any(started)))
    order by checksum_key
    for update);
  delete from achievements where checksum_key = any(keys) and action = any(p_ids);
  perform continue_by_job(p_now, plain);
end $$;
