-- Says what schedules a worker's program declares, and puts those of them that are in force: of two hashes of one name
-- that living workers declare, the one that was seen first later. With the last of these workers its hash goes, and who
-- declares another one puts that (`undeclared_schedules` says when to look), as where a deploy is taken back. Gives
-- what has become of each, by `put_schedule`.
--
-- Programs that say another time at each start, such as a minute from then, would leave a version behind with each: of
-- those of a name that no living worker declares the last 20 stay, and what was seen within a day. The last ones do, as
-- a worker that starts again in the middle of a deploy has to find when its version was seen first: else it would be
-- the one that was seen first later.
--
-- Locked is the worker's row, which its renewals wait for as long as this takes, and then the schedules by name. A
-- crash before the commit has declared nothing: the worker does it again.
create function declare_schedules(
  p_token bigint, p_now timestamptz, schedule_name text[], schedule_hash text[], schedule_spec jsonb[],
  schedule_zone text[], schedule_definition text[], schedule_actor_id text[], schedule_queue text[],
  schedule_arguments jsonb[], schedule_catch_up jsonb[], schedule_jitter float8[], schedule_until timestamptz[],
  schedule_slot timestamptz[], schedule_next_at timestamptz[])
returns table (name text, became text) language plpgsql set search_path from current as $$
#variable_conflict use_column
declare
  x record;
  is_new boolean;
begin
  perform require_read_committed();
  update workers w set schedules = nullif(schedule_hash, '{}') where w.token = p_token;
  for x in
    select
      d.name, d.hash, d.spec, d.zone, d.definition, d.actor_id, d.queue, d.arguments, d.catch_up, d.jitter, d.until,
      d.slot, d.next_at
    from unnest(
      schedule_name, schedule_hash, schedule_spec, schedule_zone, schedule_definition, schedule_actor_id,
      schedule_queue, schedule_arguments, schedule_catch_up, schedule_jitter, schedule_until, schedule_slot,
      schedule_next_at
    ) d(
      name, hash, spec, zone, definition, actor_id, queue, arguments, catch_up, jitter, until, slot, next_at)
    order by d.name collate "C"
  loop
    insert into schedule_versions (name, hash, first_seen)
    values (x.name, x.hash, clock_timestamp())
    on conflict do nothing;
    is_new := found;
    name := x.name;
    became := put_schedule(
      p_now => p_now,
      p_source => 0 /* ScheduleSource.code */,
      p_name => x.name,
      p_hash => x.hash,
      p_spec => x.spec,
      p_zone => x.zone,
      p_definition => x.definition,
      p_actor_id => x.actor_id,
      p_queue => x.queue,
      p_arguments => x.arguments,
      p_catch_up => x.catch_up,
      p_jitter_ms => x.jitter,
      p_until => x.until,
      p_slot => x.slot,
      p_next_at => x.next_at);
    -- whoever has put it has it locked until the commit: nobody else deletes versions of this name meanwhile
    if is_new then
      delete from schedule_versions v
      where
        v.name = x.name
        and v.first_seen < clock_timestamp() - interval '1 day'
        and v.hash not in (
          select n.hash from schedule_versions n where n.name = x.name order by n.first_seen desc, n.hash desc limit 20)
        and not is_declared(v.hash);
    end if;
    return next;
  end loop;
end $$;
