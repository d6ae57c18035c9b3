-- An achievement that somebody will read, or that counts for some time only, is looked at by the worker first: what
-- its schema refuses, or is too old, is none. The
-- invocation is held, and comes back with what was prepared. Beyond the bytes of one answer it comes back as it is, and
-- is looked at by the next.
-- For other functions only: it inherits their search path and their settings.
create function hold_unseen(p_token bigint, p_answers unstored_answer[]) returns setof answer
language plpgsql as $$
begin
  perform hold_for_preparing(p_token, array(select (a).job from unnest(p_answers) a));
  return query
    select
      2 /* Kind.prepare */::smallint, (h.job).action, (h.job).definition, (h.job).actor_id, (h.job).arguments, 0,
      0::smallint, (h.job).attempts, (h.job).depth,
      (held_detail((h.job).id, (h.job).queue, (h.job).lane, (h.job).lanes, (h.job).checksum_key, (h.job).timeout_ms,
        (h.job).trace)
        || jsonb_build_object('checksum', (h.job).checksum)
        || case when h.before < 16777216 /* answering */ then jsonb_build_object(
            'achievement', h.result, 'achievedAt', extract(epoch from h.achieved_at) * 1000,
            'achievedBy', h.achieved_by)
          else jsonb_build_object('ready', true) end)::json
    from (
      select
        a.job, a.result, a.achieved_by, a.achieved_at,
        sum(weight(a.result)) over (rows unbounded preceding) - weight(a.result) as before
      from unnest(p_answers) a
    ) h;
end $$;
