-- What would become of an invocation that joins its named lanes now: what `join_named_lane` does, without doing it,
-- and whether it could begin. In lanes that nobody is in, and with the settings that its worker has (`p_settings`).
-- For other functions only: it inherits their search path and their settings.
create function explain_named_lanes(p_now timestamptz, p_job claimed_job, p_settings jsonb, p_asks uuid) returns jsonb
language plpgsql stable as $$
declare
  cycle jsonb;
  other uuid;
  cause jsonb;
  newer record;
  older record;
  lane record;
  answer jsonb;
begin
  if p_job.parent is not null or cardinality(p_job.lanes) > 1 then
    cycle := deadlock_in_named_lanes(p_job, p_settings, p_asks);
  end if;
  if p_job.checksum is not null and cycle is null then
    other := same_in_named_lanes(p_job, p_settings);
    if other is not null and p_job.parent is not null then
      cycle := (deadlock_of(p_job.action, p_joined => other, p_asks => p_asks)).cycle;
    end if;
  end if;
  if cycle is null and other is null then
    cause := refused_by(p_now, p_job, p_settings);
    if cause is null and p_job.retry_of is not null and p_job.parent is null then
      select refusal(
        'lane_busy', 'turned away by the busy lane ' /* words.busy */, n.lane, p_job.definition, p_job.actor_id)
      into cause
      from newcomer_ends(null, p_job.lanes) n;
    end if;
    if cause is not null then return jsonb_build_object('tag', 'Rejected', 'cause', cause); end if;
    select n.id, n.told_in into newer from newer_in_named_lanes(p_job, p_settings) n;
    if newer.id is not null and newer.told_in is null and p_job.parent is not null then
      cycle := (deadlock_of(p_job.action, p_joined => newer.id, p_asks => p_asks)).cycle;
    end if;
  end if;
  if cycle is not null then
    return jsonb_build_object(
      'tag', 'Deadlocks', 'cause', deadlock_cause(cycle, p_job.definition, p_job.actor_id));
  end if;
  if other is not null then return jsonb_build_object('tag', 'Joins', 'other', shown_live(other)); end if;
  if newer.id is not null then
    return jsonb_build_object(
      'tag', 'Superseded', 'other', shown_live(newer.id), 'toldIn', lane_name(newer.told_in));
  end if;

  select array_agg(r.action order by r.action) as ids, array_agg(r.told_in order by r.action) as told_in,
    min(r.since) as since, coalesce(array_agg(r.action) filter (where r.told_in is null), '{}') as inherited
  into older
  from replaced_in_named_lanes(p_job, p_settings) r;
  answer := explain_line(
    p_now, null, p_job.lanes, null, null,
    array(
      select row(
        n.lane, line_priority(p_job.priority), 9223372036854775807, start_put_off(n.settings, p_now, older.since)
      )::asked_seat
      from entered_lanes(p_job.lanes, p_settings) n),
    p_settings, coalesce(older.ids, '{}'));
  select n.lane, (n.settings ->> 'limit')::int as "limit", n.settings ->> 'whenBusy' as policy
  into lane
  from entered_lanes(p_job.lanes[1:1], p_settings) n;
  if lane.policy = 'cancelRunning' and answer ->> 'tag' = 'Waits' and answer ->> 'pause' is null then
    answer := answer || jsonb_build_object(
      'cancels',
      (
        select jsonb_agg(shown_live(c))
        from unnest(cancelled_for(lane.lane, lane."limit", p_job.action, older.inherited, p_asks)) c
      ));
  end if;
  return explain_superseding(older.ids, older.told_in, answer);
end $$;
