-- What has failed in a time, in groups: those of one definition that have ended in the same status, for the same kind
-- of cause, with the same tag, at the same place. The group that was seen last comes first. Of the newest `p_limit`
-- ones; `complete_from` is since when these are all that there are (`failures_from`), null where that is all of the
-- time. It is said without a group, too, in a row of its own.
create function failure_groups(
  p_since timestamptz, p_until timestamptz, p_actor_type text, p_name text, p_limit int, p_groups int)
returns table (
  failure text, actor_type text, name text, status text, kind text, tag text, path text, message text, count int,
  first_seen timestamptz, last_seen timestamptz, samples uuid[], builds jsonb, complete_from timestamptz)
language plpgsql stable set search_path from current as $$
declare
  v_from timestamptz := failures_from(
    p_since => p_since, p_until => p_until, p_actor_type => p_actor_type, p_name => p_name, p_limit => p_limit);
begin
  return query
    with f as materialized (
      select
        x.id, x.definition, x.status, x.kind, x.tag, x.path, x.message, x.build, x.ended_at, x.failure
      from failed_actions(p_since, p_until, p_actor_type, p_name, v_from, p_limit) x
    ),
    b as (
      select f.failure, f.build, count(*)::int as count, min(f.ended_at) as first_seen, max(f.ended_at) as last_seen
      from f
      group by f.failure, f.build
    ),
    n as (
      select
        f.failure, f.definition, f.status, f.kind, f.tag, f.path, f.id, f.message, f.ended_at,
        row_number() over (partition by f.failure order by f.ended_at desc, f.id desc) as nth
      from f
    )
    select
      n.failure, split_part(n.definition, '/', 1), split_part(n.definition, '/', 2),
      (
        array['pending', 'performing', 'succeeded', 'superseded', 'cancelled', 'failed', 'timed_out', 'deadlocked']
          /* statuses */)[n.status + 1],
      n.kind, n.tag, n.path,
      min(n.message) filter (where n.nth = 1),
      (select sum(b.count)::int from b where b.failure = n.failure),
      (select min(b.first_seen) from b where b.failure = n.failure),
      max(n.ended_at),
      array_agg(n.id order by n.nth),
      (
        select jsonb_agg(
          jsonb_build_object(
            'build', b.build,
            'count', b.count,
            'firstSeen', extract(epoch from b.first_seen) * 1000,
            'lastSeen', extract(epoch from b.last_seen) * 1000)
          order by b.first_seen, b.build)
        from b
        where b.failure = n.failure),
      v_from
    from n
    where n.nth <= 5
    group by n.failure, n.definition, n.status, n.kind, n.tag, n.path
    order by max(n.ended_at) desc, n.failure
    limit p_groups;
  if not found and v_from is not null then
    return query
      select
        null::text, null::text, null::text, null::text, null::text, null::text, null::text, null::text, null::int,
        null::timestamptz, null::timestamptz, null::uuid[], null::jsonb, v_from;
  end if;
end $$;
