-- Whether a live action's record says more than its outcome does: how far its step is, or when somebody was heard for
-- whom it waits, or is to be. Whether that holds just now, the record says.
create function says_more(p_action uuid) returns boolean
language sql stable set search_path from current as $$
  select coalesce((
    select
      l.progress is not null or l.heard_at is not null or l.heartbeat_ms is not null
      or (
        l.phase = 1 /* Phase.waiting */ and l.flags & 512 /* Flag.signals */ <> 0
        and exists (
          select 1
          from slots o
          where
            o.action = l.id and o.step = l.step and o.status is null
            and (o.heard_at is not null or o.heartbeat_ms is not null) offset 0))
    from live_actions l
    where l.id = p_action), false)
$$;
