-- The versions of a definition by which its actions are gone on with: those of workers that live; where none of these
-- has said what it has, the one that was seen first last.
-- For other functions only: it inherits their search path and their settings.
create function hashes_in_use(p_definition text) returns text[]
language plpgsql stable as $$
declare
  v_hashes text[] := array(
    select distinct h.hash
    from workers w
    cross join unnest(w.definitions, w.hashes) h(key, hash)
    where w.lease_until > clock_timestamp() and h.key = p_definition);
begin
  if cardinality(v_hashes) > 0 then return v_hashes; end if;
  return array(
    select d.hash from definitions d where d.key = p_definition order by d.first_seen desc, d.hash limit 1);
end $$;
