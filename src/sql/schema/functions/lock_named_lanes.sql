-- Locks the named lanes of these actions in their order, before the actions' own rows are locked; with those that the
-- next ones in line hold besides. Gives null, so that it may be a part of what rows are sorted by: whoever has no named
-- lane pays nothing for it there.
-- For other functions only: it inherits their search path and their settings.
create function lock_named_lanes(p_actions uuid[]) returns text
language plpgsql as $$
declare
  own text[] := array(select distinct lane from seats where action = any(p_actions));
begin
  perform 1 from named_lanes where lane = any(own || lanes_behind(own)) order by lane for update;
  return null;
end $$;
