-- While all schedules are paused, has those that were to fire pass their slots by, and go on to the one that comes next
-- then: as far as they are still at the slot that was read, and what was read. Gives how many; none, where somebody has
-- gone on with them meanwhile, as from then on they fire.
--
-- Locked are the schedules, by name. Who has one locked is waited for: passed by, it would catch up once the pause is
-- over. A crash before the commit has moved nothing, and leaves all of them paused: asked again, it goes on.
create function pass_schedules(
  move_name text[], move_hash text[], move_slot timestamptz[], move_next_slot timestamptz[], move_next_at timestamptz[])
returns int language plpgsql set search_path from current as $$
declare
  names text[];
begin
  perform require_read_committed();
  names := array(
    select s.name
    from schedules s
    join unnest(move_name, move_hash, move_slot) m(name, hash, slot) on m.name = s.name
    where s.name = any(move_name) and s.slot = m.slot and s.hash = m.hash and s.paused_at is null
      and exists (select 1 from pauses p where p.kind = 'schedules')
    order by s.name
    for update of s);
  update schedules s
  set slot = m.next_slot, next_at = m.next_at, trouble = null
  from unnest(move_name, move_next_slot, move_next_at) m(name, next_slot, next_at)
  where s.name = m.name and s.name = any(names);
  return cardinality(names);
end $$;
