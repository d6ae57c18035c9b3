-- The newest `p_limit` actions that have ended in a time without what they were for: failed, timed out or deadlocked,
-- each with the group that it belongs to; and those of the last one's millisecond, of which `failures_from` has said
-- when it began (`p_from`), but no more than five times as many in all. By an index of those alone.
create function failed_actions(
  p_since timestamptz, p_until timestamptz, p_actor_type text, p_name text, p_from timestamptz, p_limit int)
returns table (
  id uuid, definition text, status smallint, kind text, tag text, path text, message text, build text,
  ended_at timestamptz, failure text)
language plpgsql stable set search_path from current as $$
declare
  v_from timestamptz := greatest(p_since, p_from);
begin
  return query
    select
      g.id, g.definition, g.status, g.kind, g.tag, g.path, g.message, g.build, g.ended_at,
      md5(jsonb_build_array(g.definition, g.status, g.kind, g.tag, g.path)::text)
    from (
      select
        e.id, e.definition, e.status, e.cause ->> 'kind' as kind,
        case when jsonb_typeof(e.cause -> 'error' -> '_tag') = 'string' then e.cause -> 'error' ->> '_tag' end as tag,
        failure_path(e.cause ->> 'path', e.definition, e.actor_id) as path, e.cause ->> 'message' as message, e.build,
        e.ended_at
      from ended_actions e
      where
        e.status in (5 /* Status.failed */, 6 /* Status.timed_out */, 7 /* Status.deadlocked */)
        and (v_from is null or e.ended_at >= v_from)
        and (p_until is null or e.ended_at < p_until)
        and (p_actor_type is null or split_part(e.definition, '/', 1) = p_actor_type)
        and (p_name is null or split_part(e.definition, '/', 2) = p_name)
      order by e.ended_at desc
      limit p_limit * 5
    ) g;
end $$;
