-- For a worker that has room for what its own process asks for: one commit for both. The claim is one like any other, of whatever comes
-- first. Its locks come after those on the new rows, which nobody waits for but a repetition of the same call, which holds nothing.
-- Whoever asks must not wait for lanes that others have locked: then it fails, and is stored alone.
create function enqueue_and_claim(p_token bigint, p_now timestamptz, p_room int, p_queues text[], p_defs text[], p_first text[], p_flags smallint[], p_prepare boolean[], p_after jsonb,
  c_q text[], c_a uuid[], c_d text[], c_ai text[], c_args jsonb[], c_l text[], c_sk text[],
  c_cs text[], c_t float8[], c_p uuid[], c_ps int[], c_dp smallint[], c_od bool[], c_pr boolean[]) returns setof task language plpgsql set search_path from current set lock_timeout = '20ms' as $$
begin
  perform enqueue(p_now, false, null, c_q, c_a, c_d, c_ai, c_args, c_l, c_sk, c_cs, c_t, c_p, c_ps, c_dp, c_od, c_pr, null);
  return query select * from claim(p_token, p_now, p_room, p_queues, p_defs, p_first, p_flags, p_prepare, null, null, p_after);
end $$;
