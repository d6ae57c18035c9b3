-- Forgets what an actor's actions were given and have come to (rule 18.5), in some of the history: of the newest
-- `p_limit` actions below `p_below` that were enqueued since `p_since`, of whomever, or of these `p_ids`. `below`
-- is where the next call goes on; null after the oldest. An actor's actions have no index, so that all of the
-- history is gone through, as by `delete_ended`, and no action pays for it when it ends.
--
-- An action of the actor is forgotten as a whole (`forget_whole`), its achievement with it; of those of others what
-- they have of the actor's (`forget_parts`). What is needed still stays as it is (`in_use`), and so does what
-- somebody has locked: `stays` says which, and why. `before` were forgotten already. With `p_is_plan` nothing is
-- locked or changed: it says what would be.
--
-- Locked are, in this order: rows of the history that are not needed, skipping what is locked, so that whoever
-- retries, undoes again, reuses or deletes one of them comes first or waits, and sees what has become of it; keys of
-- executions among them, skipping too, so that whoever begins to wait for one does likewise; and achievements, skipping
-- too. Nobody is waited for here. What is needed is looked at again with the locks: who
-- retries, or undoes, has a lock on the row until that can be seen. With `for update`, since who retries a parent
-- keeps by `for key share` the children that it reads. Rows of steps, slots, signals and memos of an action that
-- has ended nobody else changes but who deletes it.
--
-- A crash before the commit leaves this part of the history as it was, and one after it what was recorded: the same
-- call again passes by what is forgotten. An action that ends while the history is gone through is not among what
-- was looked at: so whoever calls asks before it and after it who is live (`holders_of`), and forgets these by
-- their ids. A result that was handed on further is seen once it is forgotten where it was handed on first: all of
-- it is gone through again until nothing is found.
create function forget_ended(
  p_now timestamptz, p_type text, p_actor_id text, p_below uuid, p_since timestamptz, p_ids uuid[], p_limit int,
  p_is_plan boolean, p_operation jsonb, out forgotten int, out others int, out achieved int, out before int,
  out stays jsonb, out below uuid)
language plpgsql set search_path from current as $$
#variable_conflict use_column
declare
  above uuid := (lpad(to_hex(greatest(0, coalesce(extract(epoch from p_since), 0) * 1000)::bigint), 12, '0')
    || repeat('0', 20))::uuid;
  looked_at uuid[] := p_ids;
  own uuid[];
  parts uuid[];
  locked uuid[];
  keys text[];
begin
  perform require_read_committed();
  if p_ids is null then
    select array_agg(x.id), case when count(*) = p_limit then (array_agg(x.id order by x.id))[1] end
    into looked_at, below
    from (
      select e.id
      from ended_actions e
      where e.id < coalesce(p_below, 'ffffffff-ffff-ffff-ffff-ffffffffffff') and e.id > above
      order by e.id desc
      limit p_limit
    ) x;
  end if;
  select
    coalesce(array_agg(e.id) filter (where e.is_own and not e.is_whole), '{}'),
    coalesce(array_agg(e.id) filter (where not e.is_own and holds_of(e.id, p_type, p_actor_id)), '{}'),
    count(*) filter (where e.is_own and e.is_whole)
  into own, parts, before
  from unnest(looked_at) x(id)
  cross join lateral (
    select
      e.id, e.actor_id = p_actor_id and starts_with(e.definition, p_type || '/') as is_own,
      coalesce(e.forgotten & 1 /* Forgotten.whole */ <> 0, false) as is_whole
    from ended_actions e
    where e.id = x.id
    offset 0
  ) e;

  locked := case
    when p_is_plan then own || parts
    else array(
      select e.id
      from ended_actions e
      -- of what stays anyway nobody is held up
      where e.id = any(array(select x.id from unnest(own || parts) x(id) where in_use(x.id) is null))
      order by e.id
      for update skip locked)
  end;
  if not p_is_plan then locked := keep_awaited(locked); end if;
  -- whose achievement somebody has locked stays with it
  keys := array(
    select a.checksum_key
    from ended_actions e
    cross join lateral (
      select a.checksum_key, a.action
      from achievements a
      where a.checksum_key = coalesce(e.checksum_key, e.lane)
      offset 0
    ) a
    where e.id = any(own) and e.id = any(locked) and a.action = e.id);
  if not p_is_plan then
    keys := array(
      select a.checksum_key
      from achievements a
      where a.checksum_key = any(keys) and a.action = any(own)
      order by a.checksum_key
      for update skip locked);
  end if;
  select
    coalesce(array_agg(y.id) filter (where y.because is null and y.id = any(own)), '{}'),
    coalesce(array_agg(y.id) filter (where y.because is null and y.id = any(parts)), '{}'),
    coalesce(
      jsonb_agg(jsonb_build_object('id', y.id, 'because', y.because) order by y.id desc)
        filter (where y.because is not null),
      '[]')
  into own, parts, stays
  from (
    select
      e.id,
      case
        when (e.id in (select unnest(locked))) is not true then coalesce(in_use(e.id), 'locked')
        else coalesce(in_use(e.id), case when exists (
          select 1
          from achievements a
          where a.checksum_key = coalesce(e.checksum_key, e.lane) and a.action = e.id and a.checksum_key <> all(keys)
          offset 0
        ) then 'locked' end) end as because
    from unnest(own || parts) x(id)
    cross join lateral (
      select e.id, e.checksum_key, e.lane, e.forgotten from ended_actions e where e.id = x.id offset 0
    ) e
    -- who forgets the same actor has come first, and has counted it
    where not case
      when e.id = any(own) then coalesce(e.forgotten & 1 /* Forgotten.whole */ <> 0, false)
      else not holds_of(e.id, p_type, p_actor_id) end
  ) y;

  if not p_is_plan then
    delete from achievements a where a.checksum_key = any(keys) and a.action = any(own);
    get diagnostics achieved = row_count;
    perform forget_whole(p_now, own);
    perform forget_parts(parts, p_type, p_actor_id);
  else
    achieved := (select count(*) from achievements a where a.checksum_key = any(keys) and a.action = any(own));
  end if;
  forgotten := cardinality(own);
  others := cardinality(parts);
  if not p_is_plan and forgotten + others > 0 then
    perform record_operation(p_operation, 'done', jsonb_strip_nulls(jsonb_build_object(
      'forgotten', forgotten, 'others', nullif(others, 0), 'achievements', nullif(achieved, 0))));
  end if;
end $$;
