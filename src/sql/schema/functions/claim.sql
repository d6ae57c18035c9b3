-- Takes jobs and joins their actions to their lanes; `p_prepared` are invocations that this worker has prepared,
-- `p_only` is the one invocation to take, and `p_after` says up to where its last claims have come (see take_jobs);
-- `p_in_turns` is whether it knows of tenants.
create function claim(
  p_token bigint, p_now timestamptz, p_room int, p_queues text[], p_definitions text[], p_first_steps text[],
  p_flags smallint[], p_prepare boolean[], p_prepared jsonb, p_only uuid, p_after jsonb default null,
  p_lanes jsonb default null, p_in_turns boolean default false)
returns setof answer language plpgsql set search_path from current as $$
declare
  given record;
  joined record;
  -- what becomes of them
  joining claimed_job[];
  contended claimed_job[];
  cancelled claimed_job[];
  continuing claimed_job[];
  unprepared claimed_job[];
  answers unstored_answer[] := array[]::unstored_answer[];
  achieved unstored_answer[] := array[]::unstored_answer[];
  started uuid[] := array[]::uuid[];
  jobs_taken claimed_job[];
  -- rows of the queue that were taken, whether there is nothing to do with them but to start them, and where
  places tid[];
  is_plain boolean := false;
  lanes text[];
  keys text[];
  -- rows of the queue that leave it
  leaving tid[];
  count_taken int := 0;
  count_started int;
  is_full boolean := false;
  last_ids json;
  put_back int := 0;
  erased text[];
  in_order boolean := false;
  checked boolean := false;
  -- siblings that have found what is to be looked at first
  unseen uuid[];
  is_pausing boolean;
  is_named boolean := false;
  has_named boolean := false;
  named claimed_job[];
  performing uuid[];
begin
  perform require_read_committed();
  -- a look that finds nothing locks nothing; before what is held: who takes the lease away passes by what is locked
  select exists (select 1 from pauses) into is_pausing
  from workers where token = p_token and lease_until > clock_timestamp();
  if not found or (p_prepared is not null and leased(p_token) is null) then
    return next news(-5 /* Kind.lostLease */);
    return;
  end if;

  if p_prepared is not null then
    select r.jobs_returned, r.answers, r.places, r.blocked into given from return_prepared(p_token, p_prepared) r;
    joining := given.jobs_returned;
    is_named := exists (select 1 from unnest(joining) j where j.lanes is not null);
    answers := given.answers;
    leaving := given.places;
    return query select * from news_of(-9 /* Kind.blocked */, given.blocked);
  end if;
  if p_only is not null or p_room > 0 then
    select t.places, t.taken, t.is_full, t.last_ids, t.is_plain, t.lanes, t.keys
    into places, count_taken, is_full, last_ids, is_plain, lanes, keys
    from take_jobs(
      p_token, p_now, p_room, p_queues, p_definitions, p_prepare, p_only, p_after, is_pausing, p_in_turns) t;
  end if;
  -- lost since then: nothing of this has happened, and the next try says so
  if count_taken > 0 and p_prepared is null and leased(p_token) is null then
    raise exception 'the lease is lost' using errcode = 'serialization_failure';
  end if;

  -- beside prepared ones it takes its lanes in one pass with them
  if is_plain and p_prepared is null then
    return query select * from start_plain(p_token, p_now, p_definitions, p_first_steps, p_flags, places, lanes, keys);
    get diagnostics count_started = row_count;
    if count_started < count_taken then
      leaving := places;
      contended := jobs_at(places);
      joining := contended;
    end if;
  elsif count_taken > 0 then
    jobs_taken := jobs_at(places);
    if is_pausing then select h.jobs_left, h.places_left into jobs_taken, places from hold_paused(jobs_taken) h; end if;
    leaving := leaving || places;
  end if;
  if jobs_taken is not null then
    select s.continuing, s.cancelled, s.unprepared, joining || s.ready, s.in_order, s.checked, s.is_named
    into continuing, cancelled, unprepared, joining, in_order, checked, has_named
    from sort_jobs(jobs_taken, p_definitions, p_prepare) s;
    if unprepared is not null then return query select * from hold_unprepared(p_token, unprepared); end if;
  end if;

  if in_order or (p_prepared is not null and exists (
    select 1 from unnest(joining || array(select a.job from unnest(answers) a) || cancelled) j where j.ordered
  )) then
    if checked or p_prepared is not null then
      unseen := unseen_among(joining, p_definitions, p_flags);
    end if;
    select t.jobs_left, t.put_back, t.moved
    into joined
    from in_turn(joining, array(select a.job from unnest(answers) a) || cancelled, unseen) t;
    joining := joined.jobs_left;
    put_back := joined.put_back;
    -- also for those who have passed by what was looked at
    if joined.moved then return next news(-8 /* Kind.queued */); end if;
  end if;
  if is_named or has_named then
    select array_agg(j) filter (where j.lanes is not null), array_agg(j) filter (where j.lanes is null)
    into named, joining
    from unnest(joining) j;
    select e.keys, e.performing into keys, performing from enter_named_lanes(p_now, p_lanes, named) e;
  end if;
  if (joining is not null or named is not null) and contended is null then
    checked := checked
      or (p_prepared is not null and exists (select 1 from unnest(joining) j where j.checksum is not null));
    select t.started, t.achieved, t.erased, t.contended
    into started, achieved, erased, contended
    from take_lanes(
      p_token, p_now, p_definitions, p_first_steps, p_flags, joining, checked, is_pausing, keys, performing) t;
  end if;
  if cardinality(contended || named || cancelled) > 0 or cardinality(answers) + cardinality(achieved) > 0 then
    perform lock_touched_steps(array(select a.job from unnest(answers || achieved) a) || cancelled, contended, named);
  end if;
  if contended is not null then
    select l.started, l.achieved, l.deadlocked, l.ended
    into joined
    from join_lanes(p_token, p_now, p_definitions, p_first_steps, p_flags, contended, erased, is_pausing) l;
    started := started || joined.started;
    achieved := achieved || joined.achieved;
    answers := answers || joined.deadlocked;
    return query select * from news_of_ends(joined.ended);
  end if;
  if named is not null then
    return query select * from join_named_lanes(p_token, p_now, p_definitions, p_first_steps, p_flags, named);
  end if;
  if cardinality(achieved) + cardinality(answers) > 0 then
    return query select * from answer_found(p_token, p_now, p_definitions, p_flags, achieved, answers);
  end if;
  if cancelled is not null then
    return query select * from end_cancelled(p_token, p_now, p_definitions, p_flags, cancelled);
  end if;
  if continuing is not null then
    select c.got, c.put_back into joined
    from continue_claimed(p_token, p_now, p_definitions, p_first_steps, p_flags, continuing) c;
    put_back := put_back + joined.put_back;
    return query select * from continued(joined.got);
  end if;
  -- what was held, or has to wait, has another place by now
  if leaving is not null then delete from jobs where ctid = any(leaving); end if;
  if cardinality(unseen) > 0 then perform wake_behind(unseen); end if;

  if cardinality(started) > 0 then return query select * from starts_of(p_now, joining, started); end if;
  if exists (select 1 from abandoned_by) then return next news(-4 /* Kind.abandoned */); end if;
  return next row(
    -1 /* Kind.taken */, null, null, null, null, count_taken, case when is_full then 1 else 0 end, put_back, 0,
    last_ids)::answer;
end $$;
