-- What is stored of an action, and why it does not begin, or what would become of it if a worker took it now: null
-- where there is nothing. Whose it is comes with it.
create function explain_action(
  p_now timestamptz, p_id uuid, p_settings jsonb, p_definitions text[], p_prepare boolean[],
  out definition text, out actor_id text, out answer jsonb)
language plpgsql stable set search_path from current as $$
declare
  live record;
  job record;
  ended record;
  asked claimed_job;
  pause jsonb;
begin
  select
    l.definition, l.actor_id, l.status, l.outcome, l.lane, l.lanes, l.seat, l.queue, l.enqueued_at
  into live
  from live_actions l where l.id = p_id and l.unwinds is null;
  if found then
    definition := live.definition;
    actor_id := live.actor_id;
    answer := shown_live(p_id);
    answer := case
      when (answer ->> 'unwinding')::boolean then
        jsonb_build_object('tag', 'Unwinding', 'others', jsonb_build_array(answer))
      when live.status = 1 /* Status.performing */ or live.outcome is not null then
        jsonb_build_object('tag', 'Performs', 'other', answer)
      when live.lane is null then
        explain_line(p_now, p_id, live.lanes, live.queue, live.definition)
      when live.seat = 0 /* Seat.performing */ then
        coalesce(
          (
            select jsonb_build_object('tag', 'Paused', 'pause', x.pause)
            from pause_of(array[live.lane], live.queue, live.definition) x(pause)
            where x.pause is not null
          ),
          '{"tag": "Runs"}')
      else explain_turn(live.lane) end
      || jsonb_build_object('enqueuedAt', extract(epoch from live.enqueued_at) * 1000);
    return;
  end if;

  select
    j.id, j.action, j.definition, j.actor_id, j.queue, j.priority, j.own_priority, j.lane, j.lanes, j.checksum_key,
    j.checksum, j.parent, j.parent_step, j.attempts, j.enqueued_at, j.delayed_until, j.passes_by, j.retry_of,
    j.cancelled_at, j.due_at, j.elder, j.prepared
  into job
  from jobs j
  where j.action = p_id and j.kind = 0 /* JobKind.invocation */;
  if found then
    definition := job.definition;
    actor_id := job.actor_id;
    pause := case when job.attempts = 0 then pause_of(null, job.queue, job.definition) end;
    if job.cancelled_at is not null then
      answer := jsonb_build_object('tag', 'Ended', 'status', 'cancelled');
    elsif job.priority = 1003 /* Priority.delayed */ and job.due_at > p_now then
      answer := jsonb_build_object('tag', 'Delayed', 'until', extract(epoch from job.due_at) * 1000);
    elsif pause is not null then
      answer := jsonb_build_object('tag', 'Paused', 'pause', pause);
    elsif job.priority = 1002 /* Priority.waiting */ then
      answer := jsonb_build_object('tag', 'Waits', 'places', '[]'::jsonb, 'sibling', job.elder);
    else
      if job.lane is not null or job.lanes is not null then
        asked.id := job.id;
        asked.action := job.action;
        asked.definition := job.definition;
        asked.actor_id := job.actor_id;
        asked.queue := job.queue;
        asked.priority := coalesce(job.own_priority, 0);
        asked.lane := job.lane;
        asked.lanes := job.lanes;
        asked.checksum_key := coalesce(job.checksum_key, job.lane);
        asked.checksum := job.checksum;
        asked.parent := job.parent;
        asked.parent_step := job.parent_step;
        asked.enqueued_at := job.enqueued_at;
        asked.delayed_until := job.delayed_until;
        asked.passes_by := job.passes_by;
        asked.retry_of := job.retry_of;
        answer := explain_joining(p_now, asked, p_settings, null);
      end if;
      if job.lane is null and job.lanes is null then
        answer := jsonb_build_object('tag', 'Undecided', 'by', 'key');
      elsif coalesce(job.prepared, not p_prepare[array_position(p_definitions, job.definition)], true) is not true then
        answer := jsonb_build_object('tag', 'Undecided', 'by', 'before', 'then', answer);
      end if;
    end if;
    answer := answer || jsonb_build_object('enqueuedAt', extract(epoch from job.enqueued_at) * 1000);
    return;
  end if;

  select e.definition, e.actor_id, e.status, e.superseded_by, e.cause into ended from ended_actions e where e.id = p_id;
  if found then
    definition := ended.definition;
    actor_id := ended.actor_id;
    answer := case
      when (select l.id from live_actions l where l.id = p_id) is not null then
        jsonb_build_object('tag', 'Unwinding', 'others', jsonb_build_array(shown_live(p_id)))
      when ended.superseded_by is not null then
        jsonb_build_object(
          'tag', 'Superseded', 'other', shown_live(ended.superseded_by), 'toldIn', ended.cause ->> 'lane')
      else jsonb_build_object('tag', 'Ended', 'status', (
        array['pending', 'performing', 'succeeded', 'superseded', 'cancelled', 'failed', 'timed_out', 'deadlocked']
          /* statuses */)[ended.status + 1]) end;
    return;
  end if;
  select
    o.definition, o.actor_id,
    case
      when o.follows is not null then jsonb_build_object('tag', 'Joins', 'other', shown_live(o.follows))
      else jsonb_build_object('tag', 'Ended', 'status', (
        array['pending', 'performing', 'succeeded', 'superseded', 'cancelled', 'failed', 'timed_out', 'deadlocked']
          /* statuses */)[o.status + 1]) end
  into definition, actor_id, answer
  from outcomes o
  where o.id = p_id;
end $$;
