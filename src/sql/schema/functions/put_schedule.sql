-- Stores a schedule, or changes it: gives `created`, `changed`, `same`, or `taken`, where the name is one of the other
-- source. What its times are made of (`spec`, `zone`, `until`) decides whether it keeps the slot that comes next, as
-- where a deploy changes its arguments alone: a slot that nobody was there for is not lost by that. Of code (`older`):
-- what a living worker declares and was seen first later stays in force. One that has another jitter is looked at when
-- its slot comes: whoever fires it says until when that is put off. What is the same may be encrypted otherwise, and is
-- stored as it is given last: so a key that is kept no longer is not needed for it either.
--
-- Locked is its row, by whoever puts it until their commit; who fires skips it meanwhile, and nobody else waits for it
-- but who puts or operates the same one. A crash before the commit has put nothing. Two who put one name at one moment
-- meet at the primary key: the second waits, and then finds the first one's row.
create function put_schedule(
  p_now timestamptz, p_source int, p_name text, p_hash text, p_spec jsonb, p_zone text, p_definition text,
  p_actor_id text, p_queue text, p_arguments jsonb, p_catch_up jsonb, p_jitter_ms float8, p_until timestamptz,
  p_slot timestamptz, p_next_at timestamptz)
returns text language plpgsql set search_path from current as $$
declare
  x record;
begin
  perform require_read_committed();
  loop
    insert into schedules (
      name, spec, zone, definition, actor_id, queue, arguments, catch_up, jitter_ms, until, slot, next_at, source, hash,
      changed_at)
    values (
      p_name, p_spec, p_zone, p_definition, p_actor_id, p_queue, p_arguments, p_catch_up, p_jitter_ms, p_until, p_slot,
      p_next_at, p_source, p_hash, p_now)
    on conflict (name) do nothing;
    if found then return 'created'; end if;
    select
      s.source, s.hash, s.trouble,
      (s.spec, s.zone, s.until) is not distinct from (p_spec, p_zone, p_until)
        -- one that is to fire at no slot, as somebody has changed its row, begins anew
        and (s.next_at is null or isfinite(s.slot) is true) as has_its_times
    into x
    from schedules s
    where s.name = p_name
    for update;
    exit when found;
  end loop;
  if x.source <> p_source then return 'taken'; end if;
  if x.hash = p_hash and x.trouble is null then
    update schedules s
    set arguments = p_arguments
    where s.name = p_name and s.arguments is distinct from p_arguments;
    return 'same';
  end if;
  -- looked at once the row is locked: of two who declare at one moment the second one sees what the first one has put
  if p_source = 0 /* ScheduleSource.code */ and x.hash <> p_hash and is_declared(x.hash)
    and exists (
      select 1
      from schedule_versions theirs
      join schedule_versions mine on mine.name = p_name and mine.hash = p_hash
      where
        theirs.name = p_name
        and theirs.hash = x.hash
        and (theirs.first_seen, theirs.hash) > (mine.first_seen, mine.hash)
      offset 0) then
    return 'older';
  end if;
  update schedules s
  set
    spec = p_spec,
    zone = p_zone,
    definition = p_definition,
    actor_id = p_actor_id,
    queue = p_queue,
    arguments = p_arguments,
    catch_up = p_catch_up,
    jitter_ms = p_jitter_ms,
    until = p_until,
    slot = case when x.has_its_times then s.slot else p_slot end,
    next_at = case
      when not x.has_its_times then p_next_at
      when s.jitter_ms is not distinct from p_jitter_ms then s.next_at
      else s.slot
    end,
    hash = p_hash,
    trouble = null,
    changed_at = p_now
  where s.name = p_name;
  return case when x.hash = p_hash then 'same' else 'changed' end;
end $$;
