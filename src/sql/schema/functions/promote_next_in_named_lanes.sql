-- Actions that have got their seats in named lanes perform, as those whose plain lane has become free; what was
-- achieved under their keys is erased.
-- For other functions only: it inherits their search path and their settings.
create function promote_next_in_named_lanes(
  p_token bigint, p_now timestamptz, p_definitions text[], p_first_steps text[], p_flags smallint[], p_ids uuid[],
  p_due timestamptz)
returns setof answer language plpgsql as $$
declare
  erased text[];
begin
  if cardinality(p_ids) > 0 then
    erased := array(
      select checksum_key
      from achievements
      where checksum_key = any(array(select checksum_key from live_actions where id = any(p_ids) and unwinds is null))
      order by checksum_key
      for update);
    if cardinality(erased) > 0 then delete from achievements where checksum_key = any(erased); end if;
    return query select * from promote_next(p_token, p_now, p_definitions, p_first_steps, p_flags, p_ids);
  end if;
  if p_due is not null then return next news_due(p_due); end if;
end $$;
