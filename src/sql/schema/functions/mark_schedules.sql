-- Says of schedules that are due why whoever has read them cannot fire them, and puts off when somebody tries again: as
-- far as they are still what he has read. Gives which ones, and whether the reason is a new one. One that is to fire
-- and is at no time at all, as somebody has changed its row, is marked by no slot.
--
-- Locked are the schedules, by name, as far as nobody has them locked: who marks one waits for nobody who changes it,
-- and keeps no other one from firing by that. A crash before the commit has marked nothing, and whoever looks next
-- does.
create function mark_schedules(
  p_again timestamptz, mark_name text[], mark_hash text[], mark_slot timestamptz[], mark_trouble text[])
returns table (name text, is_new boolean) language plpgsql set search_path from current as $$
#variable_conflict use_column
declare
  x record;
begin
  perform require_read_committed();
  for x in
    select s.name, m.trouble, s.trouble is distinct from m.trouble as is_new
    from schedules s
    join unnest(mark_name, mark_hash, mark_slot, mark_trouble) m(name, hash, slot, trouble) on m.name = s.name
    where s.name = any(mark_name) and (s.slot = m.slot or m.slot is null and isfinite(s.slot) is not true)
      and s.hash = m.hash and s.paused_at is null
    order by s.name
    for update of s skip locked
  loop
    update schedules s set trouble = x.trouble, next_at = p_again where s.name = x.name;
    name := x.name;
    is_new := x.is_new;
    return next;
  end loop;
end $$;
