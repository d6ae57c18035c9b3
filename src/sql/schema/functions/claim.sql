-- Takes jobs and joins their actions to their lanes. `p_after` says for a queue up to which id this worker has taken its invocations
-- in the last moment: what died there has to be stepped over, one by one, as long as some old snapshot might see it.
create function claim(p_token bigint, p_now timestamptz, p_room int, p_queues text[], p_defs text[], p_first text[], p_flags smallint[], p_prepare boolean[],
  p_joins jsonb, p_only uuid, p_after jsonb default null) returns setof task language plpgsql set search_path from current as $$
declare
  js jobs[]; inv jobs[]; conts jobs[]; held jobs[]; contended jobs[]; due jobs[]; cancelled jobs[];
  taken int := 0; again int := 0; n int; moved boolean; v_bytes bigint := 0; special boolean; in_order boolean := false; started uuid[]; achieved uuid[] := '{}'; kids uuid[]; got uuid[];
  unread jsonb[]; late uuid[]; checked boolean := false; ignoring uuid[] := '{}'; erased text[]; given_back text[];
  done jobs[] := '{}'; done_status smallint[] := '{}'; done_result jsonb[] := '{}'; done_cause jsonb[] := '{}';
  m jobs; cur live_actions; old live_actions; ach achievements; same uuid;
begin
  perform require_read_committed();
  -- not locked yet: a look that finds nothing writes nothing, and needs no commit
  perform 1 from workers where token = p_token and lease_until > clock_timestamp();
  if not found then return next row(-5, null, null, null, null, 0, 0, 0, 0, null)::task; return; end if;

  if p_joins is not null then
    -- an achievement whose result the worker could not read is none for its action
    ignoring := array(select a from jsonb_to_recordset(p_joins) as x(a uuid, ig boolean) where ig);
    -- one that somebody looks at, to wait for it or to cancel it, is tried again
    with x as (select * from jsonb_to_recordset(p_joins) as x(j bigint, q text, args jsonb, l text, sk text, cs text, t bigint, o smallint, r jsonb, c jsonb)),
    h as materialized (select t.ctid as tid, x.* from x join jobs t on t.queue = x.q and t.priority = 101 and t.id = x.j and t.token = p_token for update of t skip locked),
    d as (delete from jobs t using h where t.ctid = h.tid returning t.*, h.args, h.l, h.sk, h.cs, h.t as ms, h.o, h.r, h.c)
    select array_agg(row(id, queue, 10, 0, action, definition, actor_id, args, l, sk, cs, ms, parent, parent_step, depth, attempts, null, null, enqueued_at, ordered, null, coalesce(given, arguments), null, null, true, null)::jobs order by id) filter (where o is null),
      coalesce(array_agg(row(id, queue, 10, 0, action, definition, actor_id, args, l, sk, cs, ms, parent, parent_step, depth, attempts, null, null, enqueued_at, ordered, null, coalesce(given, arguments), null, null, true, null)::jobs order by id) filter (where o is not null), '{}'),
      coalesce(array_agg(o order by id) filter (where o is not null), '{}'), coalesce(array_agg(r order by id) filter (where o is not null), '{}'),
      coalesce(array_agg(c order by id) filter (where o is not null), '{}')
    into inv, done, done_status, done_result, done_cause from d;
    return query select -9::smallint, t.action, null::text, null::text, null::jsonb, 0, 0::smallint, 0::smallint, 0::smallint, null::json
      from jsonb_to_recordset(p_joins) as x(j bigint, q text) join jobs t on t.queue = x.q and t.priority = 101 and t.id = x.j and t.token = p_token;
  end if;

  if p_only is not null then
    with d as (delete from jobs where ctid = any(array(select ctid from jobs where action = p_only and kind = 0 and definition = any(p_defs) and (token is null or token = p_token) for update skip locked)) returning jobs as j)
    select array_agg(j), count(*) into js, taken from d;
  elsif p_room > 0 then
    -- by due_at alone (an expression of the queue has no index): by the queue's key it would read the whole queue
    with d as (delete from jobs where ctid = any(array(select tid from (
        select tid, sum(bytes) over (rows unbounded preceding) - bytes as before from (
          select ctid as tid, weight(arguments) as bytes from jobs where due_at <= p_now and definition = any(p_defs) and queue || '' = any(p_queues)
          order by due_at limit p_room for update skip locked) c) b
        where before < 16777216 /* answering */)) returning jobs as j, due_at, id, weight(arguments) as bytes)
    select array_agg(j order by due_at, id), count(*), coalesce(sum(bytes), 0) into due, taken, v_bytes from d;
    if taken < p_room and v_bytes < 16777216 /* answering */ then
      with d as (delete from jobs where ctid = any(array(select tid from (
        select tid, sum(bytes) over (rows unbounded preceding) - bytes as before from (
        select c.tid, c.bytes from unnest(p_queues) q(name)
          cross join lateral (values (0::smallint, -1::bigint), (10::smallint, coalesce((p_after->>q.name)::bigint, -1))) k(priority, passed)
          cross join lateral (
            select j.ctid as tid, weight(j.arguments) as bytes from jobs j where j.queue = q.name and j.priority = k.priority and j.id > k.passed and j.definition = any(p_defs)
            order by j.id limit p_room - taken for update skip locked) c
          limit p_room - taken) c) b
        where before < 16777216 /* answering */ - v_bytes)) returning jobs as j, priority, id, weight(arguments) as bytes)
      select array_agg(j order by priority, id), taken + count(*), v_bytes + coalesce(sum(bytes), 0) into js, taken, v_bytes from d;
    end if;
    -- as much as it has room for: what is left is for the next one, whatever it is
    if v_bytes >= 16777216 /* answering */ then p_room := taken; end if;
    js := due || js;
  end if;
  if taken > 0 or p_joins is not null then
    perform 1 from workers where token = p_token and lease_until > clock_timestamp() for key share;
    -- lost since then: nothing of this has happened, and the next try says so
    if not found then raise exception 'the lease is lost' using errcode = 'serialization_failure'; end if;
  end if;

  if taken > 0 then
    -- most often there is nothing to sort: each pass over rows that are values takes as long as reading them from their table
    select bool_or(j.kind = 1 or j.cancelled_at is not null or j.lane is null or not coalesce(j.prepared, not p_prepare[array_position(p_defs, j.definition)])), bool_or(j.ordered), bool_or(j.checksum is not null)
      into special, in_order, checked from unnest(js) j;
    if special then
      select array_agg(j) filter (where j.kind = 1), array_agg(j) filter (where j.kind = 0 and j.cancelled_at is null and (j.lane is null or not coalesce(j.prepared, not p_prepare[array_position(p_defs, j.definition)]))),
        inv || array_agg(j) filter (where j.kind = 0 and j.cancelled_at is null and j.lane is not null and coalesce(j.prepared, not p_prepare[array_position(p_defs, j.definition)])),
        array_agg(j) filter (where j.cancelled_at is not null)
      into conts, held, inv, cancelled from unnest(js) j;
    else
      inv := inv || js;
    end if;
    if held is not null then
      perform hold(p_token, held);
      return query select 2::smallint, action, definition, actor_id, arguments, 0, 0::smallint, attempts, depth,
        held_detail(h)::json from unnest(held) h;
    end if;
  end if;
  if in_order or (p_joins is not null and exists (select 1 from unnest(inv || done || cancelled) i where i.ordered)) then
    select t.inv, t.ignoring, t.put_back, t.moved into inv, ignoring, again, moved from in_turn(inv, ignoring, done || cancelled) t;
    -- also for those who have passed by what was looked at
    if moved then return next row(-8, null, null, null, null, 0, 0, 0, 0, null)::task; end if;
  end if;

  if inv is not null then
    -- already achieved: neither lane nor row. A result that somebody will read is checked by the worker first: what its
    -- schema refuses is no achievement (held, and sent back as a join).
    checked := checked or (p_joins is not null and exists (select 1 from unnest(inv) i where i.checksum is not null));
    -- In one look: by a second one somebody may have erased it.
    if checked then
      select coalesce(array_agg(i.action), '{}'), done || array_agg(i), done_status || array_agg(2::smallint), done_result || array_agg(a.result), done_cause || array_agg(null::jsonb)
        into achieved, done, done_status, done_result, done_cause
        from unnest(inv) i join achievements a on a.checksum_key = i.checksum_key and a.checksum = i.checksum where i.action <> all(ignoring);
    end if;
    -- every lane of the batch in one pass, in key order: free ones are taken, the others locked
    with f as (select distinct on (lane) *, p_flags[array_position(p_defs, definition)] as fl, p_first[array_position(p_defs, definition)] as st
      from unnest(inv) i where action <> all(achieved) order by lane, id),
    l as (insert into live_actions (id, definition, actor_id, queue, arguments, lane, status, checksum_key, checksum, parent, parent_step, depth, rooted, flags, attempts,
        token, step_kind, step_name, prepended, step_started_at, timeout_ms, timeout_at, enqueued_at, started_at)
      select action, definition, actor_id, queue, arguments, lane, 1, checksum_key, checksum, parent, parent_step, depth, parent is null,
        fl & 255, 0, p_token, fl >> 8, split_part(st, '/', 1), case when fl >> 8 = 2 then st end, p_now,
        timeout_ms, p_now + timeout_ms * interval '1 millisecond', enqueued_at, p_now from f order by lane
      on conflict (lane, status) do update set token = live_actions.token where false returning id)
    select coalesce(array_agg(id), '{}') into started from l;
    -- checked again under the lane's lock: the statement above saw an older snapshot
    if checked and exists (select 1 from unnest(inv) i join achievements a on a.checksum_key = i.checksum_key and a.checksum = i.checksum where (i.action in (select unnest(started))) is true and i.action <> all(ignoring)) then
      with x as materialized (select i, a.result, (select l.ctid from live_actions l where l.id = i.action) as tid from unnest(inv) i join achievements a on a.checksum_key = i.checksum_key and a.checksum = i.checksum where (i.action in (select unnest(started))) is true and i.action <> all(ignoring)),
      g as (delete from live_actions l using x where l.ctid = x.tid returning l.id, x.i, x.result)
      select achieved || array_agg(id), done || array_agg(i), done_status || array_agg(2::smallint), done_result || array_agg(result), done_cause || array_agg(null::jsonb), array_agg((i).lane)
        into achieved, done, done_status, done_result, done_cause, given_back from g;
      started := array(select x from unnest(started) x where x <> all(achieved));
    end if;
    -- in one pass, in key order: those of whoever starts, now or, in a lane that was given back, below
    erased := array(select checksum_key from achievements where checksum_key = any(array(
      select i.checksum_key from unnest(inv) i where (i.action in (select unnest(started))) is true
      union all select i.checksum_key from unnest(inv) i where i.lane = any(given_back))) order by checksum_key for update);
    if cardinality(erased) > 0 then
      delete from achievements where checksum_key = any(array(select i.checksum_key from unnest(inv) i where (i.action in (select unnest(started))) is true)) and checksum_key = any(erased);
    end if;
    -- of those that were looked at together an elder one may have erased what a younger one of its lane has found: that is in its turn below
    if cardinality(achieved) > 0 and cardinality(started) + coalesce(cardinality(given_back), 0) > 0 then
      late := array(select x.action from (
        select i.action, i.id, min(i.id) filter (where (i.action in (select unnest(started))) is true or (i.lane = any(given_back) and (i.action in (select unnest(achieved))) is not true)) over (partition by i.lane, i.checksum_key) as first from unnest(inv) i) x
        where x.id > x.first and (x.action in (select unnest(achieved))) is true);
      if cardinality(late) > 0 then
        achieved := array(select x from unnest(achieved) x where x <> all(late));
        select coalesce(array_agg(x.j), '{}'), coalesce(array_agg(x.s), '{}'), coalesce(array_agg(x.r), '{}'), coalesce(array_agg(x.c), '{}') into done, done_status, done_result, done_cause
          from (select unnest(done) as j, unnest(done_status) as s, unnest(done_result) as r, unnest(done_cause) as c) x where (x.j).action <> all(late);
      end if;
    end if;
    if cardinality(started) + cardinality(achieved) < cardinality(inv) then
      contended := array(select i from unnest(inv) i where i.action <> all(started) and i.action <> all(achieved) order by i.id);
    end if;
  end if;

  kids := array(select (d).action from unnest(done) d)
    || array(select c.action from unnest(contended) c)
    || array(select c.action from unnest(cancelled) c)
    || array(select p.id from live_actions p where p.status = 0 and p.lane = any(array(select c.lane from unnest(contended) c)));
  if cardinality(kids) > 0 then
    perform 1 from steps s where (s.action, s.idx) in (select action, step from slots where child = any(kids) and status is null)
      order by s.action, s.idx for no key update;
  end if;

  if contended is not null then
    foreach m in array contended loop
      select * into cur from live_actions where lane = m.lane and status = 1;
      if m.checksum is not null and m.action <> all(ignoring) then
        select * into ach from achievements where checksum_key = m.checksum_key and checksum = m.checksum;
        if found then
          achieved := achieved || m.action; done := array_append(done, m); done_status := done_status || 2::smallint; done_result := array_append(done_result, ach.result); done_cause := array_append(done_cause, null::jsonb);
          continue;
        end if;
      end if;
      if cur.id is null then
        -- the lane was given back above because its first comer was already achieved
        delete from achievements where checksum_key = m.checksum_key and checksum_key = any(erased);
        insert into live_actions (id, definition, actor_id, queue, arguments, lane, status, checksum_key, checksum, parent, parent_step, depth, rooted, flags, token, step_kind, step_name, prepended, step_started_at, timeout_ms, timeout_at, enqueued_at, started_at)
          select m.action, m.definition, m.actor_id, m.queue, m.arguments, m.lane, 1, m.checksum_key, m.checksum, m.parent, m.parent_step, m.depth, m.parent is null,
            fl & 255, p_token, fl >> 8, split_part(st, '/', 1), case when fl >> 8 = 2 then st end, p_now, m.timeout_ms, p_now + m.timeout_ms * interval '1 millisecond', m.enqueued_at, p_now
          from (select p_flags[array_position(p_defs, m.definition)] as fl, p_first[array_position(p_defs, m.definition)] as st) d;
        started := started || m.action;
        continue;
      end if;
      -- 2.5 a: would wait for somebody who waits for it
      if m.parent is not null and exists (select 1 from waiters_of(m.action) w where w = cur.id) then
        done := array_append(done, m); done_status := done_status || 7::smallint; done_result := array_append(done_result, null::jsonb);
        done_cause := array_append(done_cause, deadlock_cause(m.lane, m.definition, m.actor_id));
        continue;
      end if;
      -- 2.5 b: joins a live one with the same checksum
      if m.checksum is not null then
        select id into same from live_actions where lane = m.lane and status in (0, 1) and checksum_key = m.checksum_key and checksum = m.checksum order by status desc limit 1;
        if found then
          update slots set child = same where child = m.action and status is null;
          if m.parent is null then
            update live_actions set rooted = true where id = same;
            insert into outcomes (id, definition, actor_id, follows, created_at) values (m.action, m.definition, m.actor_id, same, p_now);
            return next row(-3, m.action, null, null, null, 0, 0, 0, 0, null)::task;
          end if;
          continue;
        end if;
      end if;
      -- 2.5 c: supersedes the pending one
      delete from live_actions where lane = m.lane and status = 0 returning * into old;
      if found then
        insert into ended_actions (id, definition, actor_id, queue, arguments, lane, status, checksum_key, checksum, parent, parent_step, depth, attempts, superseded_by, timeout_ms, enqueued_at, started_at, ended_at)
          values (old.id, old.definition, old.actor_id, old.queue, old.arguments, old.lane, 3, old.checksum_key, old.checksum, old.parent, old.parent_step, old.depth, old.attempts, m.action, old.timeout_ms, old.enqueued_at, null, p_now);
        update slots set child = m.action where child = old.id and status is null;
        return next row(-3, old.id, null, null, null, 0, 0, 0, 0, null)::task;
      end if;
      insert into live_actions (id, definition, actor_id, queue, arguments, lane, status, checksum_key, checksum, parent, parent_step, depth, rooted, flags, timeout_ms, enqueued_at)
        values (m.action, m.definition, m.actor_id, m.queue, m.arguments, m.lane, 0, m.checksum_key, m.checksum, m.parent, m.parent_step, m.depth, m.parent is null or coalesce(old.rooted, false),
          p_flags[array_position(p_defs, m.definition)] & 255, m.timeout_ms, m.enqueued_at);
      old := null;
    end loop;
  end if;

  if cardinality(achieved) > 0 then
    select array_agg(x.j), array_agg(x.r) into held, unread from (select unnest(done) as j, unnest(done_status) as s, unnest(done_result) as r) x
      where x.s = 2 and (x.j).action = any(achieved) and p_flags[array_position(p_defs, (x.j).definition)] & 32 = 0;
    if held is not null then
      perform hold(p_token, held);
      return query select 2::smallint, (x.h).action, (x.h).definition, (x.h).actor_id, (x.h).arguments, 0, 0::smallint, (x.h).attempts, (x.h).depth,
        -- beyond the bytes of one answer it comes back as it is, and is looked at by the next
        (held_detail(x.h) || jsonb_build_object('checksum', (x.h).checksum) || case when x.before < 16777216 /* answering */ then jsonb_build_object('achievement', x.r) else jsonb_build_object('ready', true) end)::json
        from (select h, r, sum(weight(r)) over (rows unbounded preceding) - weight(r) as before from (select unnest(held) as h, unnest(unread) as r) u) x;
      select coalesce(array_agg(x.j), '{}'), coalesce(array_agg(x.s), '{}'), coalesce(array_agg(x.r), '{}'), coalesce(array_agg(x.c), '{}') into done, done_status, done_result, done_cause
        from (select unnest(done) as j, unnest(done_status) as s, unnest(done_result) as r, unnest(done_cause) as c) x
        where (x.j).action <> all(array(select (h).action from unnest(held) h));
    end if;
  end if;
  if cardinality(done) > 0 then
    return query select * from settle(p_token, p_now, p_defs, p_flags, done, done_status, done_result, done_cause);
  end if;
  if cancelled is not null then
    return query select * from end_cancelled(p_token, p_now, p_defs, p_flags, cancelled);
  end if;

  if conts is not null then
    with l as (select id from live_actions t where id = any(array(select action from unnest(conts))) and token is null
        and (phase in (0, 3, 4) or (phase = 1 and not exists (select 1 from slots o where o.action = t.id and o.step = t.step and o.status is null)))
      for update skip locked),
    -- One that was promoted by a process that did not know its definition begins here. Who completes an action, and whether somebody is to
    -- hear of its end, is said by the version that has it.
    u as (update live_actions t set token = p_token,
        flags = p_flags[array_position(p_defs, t.definition)] & 255,
        step_name = case when t.step_name is null and t.phase = 0 and t.step = 0 then split_part(p_first[array_position(p_defs, t.definition)], '/', 1) else t.step_name end,
        step_kind = case when t.step_name is null and t.phase = 0 and t.step = 0 then p_flags[array_position(p_defs, t.definition)] >> 8 else t.step_kind end,
        prepended = case when t.step_name is null and t.phase = 0 and t.step = 0 and p_flags[array_position(p_defs, t.definition)] >> 8 = 2
          then p_first[array_position(p_defs, t.definition)] else t.prepended end
      where t.id = any(array(select id from l)) returning t.id)
    select array_agg(id) into got from u;
    return query select 1::smallint, t.id, t.definition, t.actor_id, case when x.d is not null then t.arguments end, t.step, t.phase, t.attempts, t.depth, x.d
      from (select action, min(id) as id from unnest(conts) group by action) c join live_actions t on t.id = c.action
      cross join lateral (select detail_of(t.id) as d offset 0) x where t.id = any(got) order by c.id;
    -- locked by somebody else right now: tried again
    insert into jobs (queue, priority, kind, action, definition, actor_id, enqueued_at)
      select distinct on (t.id) t.queue, 0, 1, t.id, t.definition, t.actor_id, p_now from live_actions t
      where t.id = any(array(select action from unnest(conts))) and t.id <> all(coalesce(got, '{}')) and t.token is null and t.phase <> 2
        and not (t.phase = 1 and exists (select 1 from slots o where o.action = t.id and o.step = t.step and o.status is null));
    get diagnostics n = row_count;
    again := again + n;
  end if;

  if cardinality(started) > 0 then
    return query select 0::smallint, i.action, i.definition, i.actor_id, i.arguments, 0, 0::smallint, i.attempts, i.depth,
        case when i.timeout_ms is not null then to_json(extract(epoch from p_now) * 1000 + i.timeout_ms) end from unnest(inv) i
      where (i.action in (select unnest(started))) is true;
  end if;
  if exists (select 1 from prunes) then return next row(-4, null, null, null, null, 0, 0, 0, 0, null)::task; end if;
  return next row(-1, null, null, null, null, taken, case when v_bytes >= 16777216 /* answering */ then 1 else 0 end, again, 0,
    case when taken >= p_room then (select json_object_agg(queue, last) from (select queue, max(id) as last from unnest(js) where priority = 10 group by queue) x) end)::task;
end $$;
