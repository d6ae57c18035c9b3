-- Pauses a schedule, goes on with it, or removes it; records that. Gives `done`, or why nothing was changed: `none`,
-- nobody has the name, and nothing is recorded; `paused`, `notPaused`; `declared`, as a living worker declares it, and
-- would put it again; `moved`: it is at another slot than whoever asks has read, and it is to be asked again. Who goes
-- on does so with the slot that comes next then: those that have passed meanwhile are not missed.
--
-- Locked is the schedule's row alone; who fires it skips it. A crash before the commit has changed nothing.
create function operate_schedule(
  p_verb text, p_name text, p_operation jsonb, p_slot timestamptz, p_next_slot timestamptz, p_next_at timestamptz)
returns text language plpgsql set search_path from current as $$
declare
  x record;
  became text := 'done';
begin
  perform require_read_committed();
  select s.source, s.hash, s.slot, s.paused_at into x from schedules s where s.name = p_name for update;
  if not found then return 'none'; end if;
  case p_verb
    when 'pause' then
      if x.paused_at is not null then
        became := 'paused';
      else
        update schedules s
        set
          paused_at = to_timestamp((p_operation ->> 'at')::float8 / 1000),
          paused_by = p_operation ->> 'by',
          paused_reason = p_operation ->> 'reason'
        where s.name = p_name;
      end if;
    when 'resume' then
      if x.paused_at is null then
        became := 'notPaused';
      elsif x.slot is distinct from p_slot then
        return 'moved';
      else
        update schedules s
        set
          paused_at = null, paused_by = null, paused_reason = null, slot = p_next_slot, next_at = p_next_at,
          -- whoever asks has read it
          trouble = null
        where s.name = p_name;
      end if;
    else
      if x.source = 0 /* ScheduleSource.code */ and is_declared(x.hash) then
        became := 'declared';
      else
        delete from schedules s where s.name = p_name;
        delete from schedule_versions v where v.name = p_name;
      end if;
  end case;
  perform record_operation(p_operation, became);
  return became;
end $$;
