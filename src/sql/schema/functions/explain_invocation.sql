-- What would become of an invocation that nobody has enqueued, if it was enqueued now and a worker took it at once: as
-- it is stored at this moment, without doing any of it. `p_undecided` is what a worker would have to run first;
-- without keys nothing is known beyond that. A parent that does not perform is none: null.
create function explain_invocation(
  p_now timestamptz, p_kept_ms float8, p_settings jsonb, p_parent uuid, p_queue text, p_action uuid, p_definition text,
  p_actor_id text, p_lane text, p_lanes text[], p_checksum_key text, p_checksum text, p_priority smallint,
  p_due timestamptz, p_own_id boolean, p_key text, p_given text, p_undecided text)
returns jsonb language plpgsql stable set search_path from current as $$
declare
  job claimed_job;
  answer jsonb;
begin
  if p_parent is not null and not exists (
    select 1
    from live_actions l
    where l.id = p_parent and l.status = 1 /* Status.performing */ and l.outcome is null
  ) then
    return null;
  end if;
  answer := explain_name(p_now, p_kept_ms, p_action, p_definition, p_actor_id, p_own_id, p_key, p_given);
  if answer is not null then return answer; end if;
  if p_due > p_now then
    return jsonb_build_object('tag', 'Delayed', 'until', extract(epoch from p_due) * 1000);
  end if;
  answer := pause_of(null, p_queue, p_definition);
  if answer is not null then return jsonb_build_object('tag', 'Paused', 'pause', answer); end if;
  job.id := 9223372036854775807;
  job.action := p_action;
  job.definition := p_definition;
  job.actor_id := p_actor_id;
  job.queue := p_queue;
  job.priority := coalesce(p_priority, 0);
  job.lane := p_lane;
  job.lanes := p_lanes;
  job.checksum_key := coalesce(p_checksum_key, p_lane);
  job.checksum := p_checksum;
  job.parent := p_parent;
  job.enqueued_at := p_now;
  if p_lane is not null or p_lanes is not null then answer := explain_joining(p_now, job, p_settings, p_parent); end if;
  return case
    when p_undecided is null then answer
    else jsonb_build_object('tag', 'Undecided', 'by', p_undecided, 'then', answer) end;
end $$;
