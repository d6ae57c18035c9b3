-- More slots and children of a member that `finish` has stored in the same transaction: what it holds locked, and nothing else, is theirs.
create function add_children(p_now timestamptz, o_a uuid[], o_st int[], o_n int[], o_ch uuid[], o_d text[], o_ai text[], o_due timestamptz[], o_su text[],
  c_q text[], c_a uuid[], c_d text[], c_ai text[], c_args jsonb[], c_l text[], c_sk text[], c_cs text[], c_t float8[], c_p uuid[], c_ps int[], c_dp smallint[], c_od bool[], c_pr boolean[])
  returns void language plpgsql set search_path from current as $$
begin
  insert into slots (action, step, slot, child, definition, actor_id, due_at, success) select * from unnest(o_a, o_st, o_n, o_ch, o_d, o_ai, o_due, o_su);
  perform enqueue(p_now, false, null, c_q, c_a, c_d, c_ai, c_args, c_l, c_sk, c_cs, c_t, c_p, c_ps, c_dp, c_od, c_pr, null);
end $$;
