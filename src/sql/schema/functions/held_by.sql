-- All that is under a worker's token: live actions and held invocations. Of those that it has in memory (`p_except`)
-- only that they are.
create function held_by(p_token bigint, p_except uuid[]) returns setof answer
language plpgsql stable set search_path from current as $$
begin
  return query
    select
      1 /* Kind.continue */::smallint, l.id, l.definition, l.actor_id,
      case when d.detail is not null then l.arguments end,
      l.step, l.phase, l.attempts, l.depth, coalesce(d.detail, to_json(l.epoch))
    from live_actions l
    cross join lateral (select case when l.id <> all(p_except) then detail_of(l.id) end as detail offset 0) d
    where l.token = p_token;
  return query
    select
      2 /* Kind.prepare */::smallint, j.action, j.definition, j.actor_id,
      case when j.action <> all(p_except) then j.arguments end,
      0, 0::smallint, j.attempts, j.depth, held_detail(j.id, j.queue, j.lane, j.lanes,
      coalesce(j.checksum_key, j.lane),
      j.timeout_ms, j.trace)::json
    from jobs j
    where j.priority = 1001 /* Priority.held */ and j.token = p_token;
end $$;
