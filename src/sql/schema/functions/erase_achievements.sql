-- Erases what was achieved under these keys, which are locked in their order.
-- For other functions only: it inherits their search path and their settings.
create function erase_achievements(p_keys text[]) returns void
language plpgsql as $$
declare
  erased text[] := array(
    select checksum_key from achievements where checksum_key = any(p_keys) order by checksum_key for update);
begin
  if cardinality(erased) > 0 then delete from achievements where checksum_key = any(erased); end if;
end $$;
