-- Siblings that have found something achieved which a worker has to look at first, as it may be too old, or cannot be
-- read: they stay in the queue meanwhile, and those behind them in their lane wait for them, by rule 2.9.
-- For other functions only: it inherits their search path and their settings.
create function unseen_among(p_jobs claimed_job[], p_definitions text[], p_flags smallint[]) returns uuid[]
language plpgsql stable as $$
begin
  return array(
    select i.action
    from unnest(p_jobs) i
    cross join lateral achievement_for(i.checksum_key, i.checksum, i.passes_by) a
    where i.ordered and p_flags[array_position(p_definitions, i.definition)] & 32 /* Flag.takenAsIs */ = 0);
end $$;
