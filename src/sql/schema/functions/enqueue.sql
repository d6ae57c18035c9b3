-- Adds invocations to the queue, in the order given; one that its process performs at once is held under its token. `p_again` skips those that an earlier call, whose answer was lost, has stored.
-- Batches come as columns: a third of what parsing JSON costs. A column that nothing is in is null, which unnest fills up.
create function enqueue(p_now timestamptz, p_again boolean, p_which int[], c_q text[], c_a uuid[], c_d text[], c_ai text[], c_args jsonb[], c_l text[], c_sk text[],
  c_cs text[], c_t float8[], c_p uuid[], c_ps int[], c_dp smallint[], c_od bool[], c_pr boolean[], c_tk float8[]) returns void language plpgsql set search_path from current as $$
begin
  insert into jobs (queue, priority, kind, action, definition, actor_id, arguments, lane, checksum_key, checksum, timeout_ms, parent, parent_step, depth, ordered, prepared, token, enqueued_at)
  select q, case when tk is null then 10 else 101 end, 0, a, d, ai, args, l, sk, cs, t, p, ps, dp, od, pr, tk, p_now
  from unnest(c_q, c_a, c_d, c_ai, c_args, c_l, c_sk, c_cs, c_t, c_p, c_ps, c_dp, c_od, c_pr, c_tk) with ordinality as x(q, a, d, ai, args, l, sk, cs, t, p, ps, dp, od, pr, tk, n)
  where (p_which is null or n = any(p_which)) and (not p_again or x.a in (select o.id from outcomes_of(c_a) o where o.state = 'unknown'))
  order by n
  on conflict (action) where kind = 0 do nothing;
end $$;
