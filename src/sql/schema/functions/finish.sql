-- Applies what a worker's bodies did: steps, parking, children, decided outcomes, ends. A member whose live row is no longer at the
-- step and phase that it ran, under this token, is stale: it changes nothing and the others go on.
create function finish(p_token bigint, p_now timestamptz, p_defs text[], p_first text[], p_flags smallint[],
  m_a uuid[], m_s int[], m_ph smallint[], m_sn text[], m_sk smallint[], m_ss smallint[], m_sr jsonb[], m_sm boolean[], m_st timestamptz[], m_rs boolean[],
  m_e boolean[], m_k boolean[], m_np smallint[], m_ns int[], m_nn text[], m_nk smallint[], m_args jsonb[], m_o smallint[], m_r jsonb[], m_c jsonb[], m_g smallint[], m_b smallint[], m_cb jsonb[], m_f jsonb[],
  m_inc smallint[], m_jb boolean[], m_due timestamptz[],
  o_a uuid[], o_st int[], o_n int[], o_ch uuid[], o_d text[], o_ai text[], o_due timestamptz[], o_su text[],
  c_q text[], c_a uuid[], c_d text[], c_ai text[], c_args jsonb[], c_l text[], c_sk text[], c_cs text[], c_t float8[], c_p uuid[], c_ps int[], c_dp smallint[], c_od bool[], c_pr boolean[])
  returns setof task language plpgsql set search_path from current as $$
declare good int[]; freed text[]; tids tid[]; v_tids tid[]; v_ids uuid[]; v_o smallint[]; v_r jsonb[]; v_c jsonb[]; v_g smallint[]; v_b smallint[]; v_steps text[]; v_kinds smallint[]; v_abrupt uuid[]; v_args boolean; fresh int[];
begin
  perform require_read_committed();
  perform 1 from workers where token = p_token and lease_until > clock_timestamp() for key share;
  if not found then return next row(-5, null, null, null, null, 0, 0, 0, 0, null)::task; return; end if;
  -- locked in the order of their lanes, one look-up after another
  with h as (select m.n, m.e, m.lane, l.tid
    from (select *, (select l.lane from live_actions l where l.id = a) as lane from unnest(m_a, m_s, m_ph, m_e) with ordinality as m(a, s, ph, e, n) order by lane offset 0) m
    left join lateral (select l.ctid as tid from live_actions l where l.id = m.a and l.token = p_token and l.step = m.s and l.phase = m.ph for update) l on true)
  select array_agg(n) filter (where tid is not null), array_agg(lane) filter (where e and tid is not null), array_agg(tid order by n) into good, freed, tids from h;
  if cardinality(good) = cardinality(m_a) then
    good := null;
  else
    good := coalesce(good, '{}');
    return query select -2::smallint, m.a, null::text, null::text, null::jsonb, m.s, m.ph, 0::smallint, 0::smallint,
        -- a transactional body may have ended its own action
        case when m.a = any(string_to_array(current_setting('stepped.ended', true), ',')::uuid[]) then to_json('ended here'::text) end
      from unnest(m_a, m_s, m_ph) with ordinality as m(a, s, ph, n) where n <> all(good);
    if cardinality(good) = 0 then return; end if;
  end if;
  with m as materialized (select * from unnest(m_a, m_s, m_sn, m_sk, m_ss, m_sr, m_sm, m_st, m_rs, m_e, m_k, m_np, m_ns, m_nn, m_nk, m_args, m_o, m_r, m_c, m_g, m_b, m_cb, m_f, m_inc, m_jb, m_due, m_ph, tids)
      with ordinality as m(a, s, sn, sk, ss, sr, sm, st, rs, e, k, np, ns, nn, nk, args, o, r, c, g, b, cb, f, inc, jb, due, ph, tid, n) where good is null or n = any(good)),
  -- an action that ends with its first step needs no row for it, unless that was cancelled: the history has its name
  si as (insert into steps (action, idx, kind, name, status, marked, result, started_at, ended_at)
    select a, s, sk, sn, ss, coalesce(sm, false), sr, st, case when ss = 1 then null else p_now end from m
    where sn is not null and not coalesce(rs, false) and not (coalesce(e, false) and s = 0 and sr is null and ss <> 4)),
  su as (update steps t set status = m.ss, ended_at = p_now from m where m.rs and t.action = m.a and t.idx = m.s),
  lu as (update live_actions l set token = case when m.k then l.token end, phase = m.np, step = coalesce(m.ns, l.step), step_name = case when m.ns is not null then m.nn else l.step_name end,
      step_kind = case when m.ns is not null then m.nk else l.step_kind end,
      step_started_at = case when m.ns is not null then p_now else l.step_started_at end, arguments = coalesce(m.args, l.arguments),
      attempts = case when m.inc < 0 then 0 else l.attempts + coalesce(m.inc, 0) end,
      outcome = coalesce(m.o, l.outcome), result = case when m.o is null then l.result else m.r end, cause = case when m.o is null then l.cause else m.c end,
      callbacks = coalesce(m.cb, l.callbacks), failure = case when m.inc < 0 then null else coalesce(m.f, l.failure) end
    from m where l.ctid = m.tid and not coalesce(m.e, false)
    returning l.id, l.queue, l.definition, l.actor_id, m.jb, m.due),
  j as (insert into jobs (queue, priority, kind, action, definition, actor_id, due_at, enqueued_at)
    select queue, case when due is null then 0 else 100 end, 1, id, definition, actor_id, due, p_now from lu where jb)
  select array_agg(a), array_agg(o), array_agg(r), array_agg(c), array_agg(g), array_agg(b),
      array_agg(case when s = 0 and not coalesce(rs, false) and sr is null and ss <> 4 then sn end), array_agg(sk), array_agg(a) filter (where ph = 3), bool_or(args is not null), array_agg(tid)
    into v_ids, v_o, v_r, v_c, v_g, v_b, v_steps, v_kinds, v_abrupt, v_args, v_tids from m where e;
  if o_a is not null then
    -- beside a stale member there may be a valid one of the same action
    if good is not null then
      fresh := array(select x.n from unnest(o_a, o_st) with ordinality as x(a, s, n)
        where ((x.a, x.s) in (select m.a, m.s from unnest(m_a, m_s, m_ph) with ordinality as m(a, s, ph, n) where m.ph = 0 and m.n = any(good))) is true);
    end if;
    insert into slots (action, step, slot, child, definition, actor_id, due_at, success)
      select a, st, n, ch, d, ai, due, su from unnest(o_a, o_st, o_n, o_ch, o_d, o_ai, o_due, o_su) with ordinality as x(a, st, n, ch, d, ai, due, su, i) where good is null or i = any(fresh);
    if c_a is not null then
      if good is not null then
        fresh := array(select x.n from unnest(c_p, c_ps) with ordinality as x(a, s, n)
          where ((x.a, x.s) in (select m.a, m.s from unnest(m_a, m_s, m_ph) with ordinality as m(a, s, ph, n) where m.ph = 0 and m.n = any(good))) is true);
      end if;
      perform enqueue(p_now, false, fresh, c_q, c_a, c_d, c_ai, c_args, c_l, c_sk, c_cs, c_t, c_p, c_ps, c_dp, c_od, c_pr, null);
      return next row(-8, null, null, null, null, 0, 0, 0, 0, null)::task;
    end if;
  end if;
  if v_ids is not null then
    -- changed arguments are seen by later readers too
    if v_args then
      update live_actions l set arguments = m.args from unnest(m_e, m_args, tids) with ordinality as m(e, args, tid, n)
        where m.e and m.args is not null and l.ctid = m.tid and (good is null or m.n = any(good));
      v_tids := null;
    end if;
    return query select * from conclude(p_token, p_now, p_defs, p_first, p_flags, freed, v_ids, v_o, v_r, v_c, v_g, v_b, v_steps, v_abrupt, v_tids, v_kinds);
  end if;
end $$;
