-- What would become of an invocation that joins its lane now: what `join_lane` does, without doing it.
-- For other functions only: it inherits their search path and their settings.
create function explain_lane(p_job claimed_job, p_asks uuid) returns jsonb
language plpgsql stable as $$
declare
  held jsonb := pause_of(array[p_job.lane], null, null);
  begins jsonb := case when held is null then '{"tag": "Runs"}' else jsonb_build_object('tag', 'Paused', 'pause', held)
    end;
  current_id uuid;
  waiting_seat smallint;
  other uuid;
  cycle jsonb;
begin
  select
    l.id,
    case when l.status = 0 /* Status.pending */ then 0 /* Seat.performing */ else -1 /* Seat.pending */ end
  into current_id, waiting_seat
  from live_actions l
  where l.lane = p_job.lane and l.seat = 0 /* Seat.performing */;
  if current_id is null then return begins; end if;
  if p_job.parent is not null then
    cycle := (deadlock_of(p_job.action, array[p_job.lane], array[1], p_asks => p_asks)).cycle;
  end if;
  if cycle is not null then
    return jsonb_build_object(
      'tag', 'Deadlocks', 'cause', deadlock_cause(cycle, p_job.definition, p_job.actor_id));
  end if;
  if p_job.checksum is not null then
    other := same_in_lane(p_job);
    if other is not null then return jsonb_build_object('tag', 'Joins', 'other', shown_live(other)); end if;
  end if;
  select l.id into other
  from live_actions l
  where
    l.lane = p_job.lane
    and l.seat = waiting_seat
    and is_newer(
      l.delayed_until, l.enqueued_at, l.queued_as, p_job.delayed_until, p_job.enqueued_at, p_job.id);
  if found then return jsonb_build_object('tag', 'Superseded', 'other', shown_live(other)); end if;
  select l.id into other from live_actions l where l.lane = p_job.lane and l.seat = waiting_seat;
  if found and p_job.retry_of is not null and p_job.parent is null then
    return jsonb_build_object(
      'tag', 'Rejected', 'cause',
      refusal(
        'lane_busy', 'turned away by the busy lane ' /* words.busy */, p_job.lane, p_job.definition, p_job.actor_id));
  end if;
  return explain_superseding(
    case when other is not null then array[other] end, null,
    -- in a lane that is or was paused the first one waits as well
    case when waiting_seat = 0 /* Seat.performing */ then begins else explain_turn(p_job.lane) end);
end $$;
