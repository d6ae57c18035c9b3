-- Who is not over and has something of an actor's: its actions that are queued or live, and live ones of others that
-- have what its actions have come to. Gives how many there are, and the first 10,000.
create function holders_of(p_type text, p_actor_id text, out ids uuid[], out total int)
language plpgsql stable set search_path from current as $$
begin
  select coalesce((array_agg(x.id order by x.id))[1:10000], '{}'), count(*)
  into ids, total
  from (
    select l.id
    from live_actions l
    where
      l.unwinds is null
      and (
        (l.actor_id = p_actor_id and starts_with(l.definition, p_type || '/'))
        or holds_of(l.id, p_type, p_actor_id))
    union
    select j.action
    from jobs j
    where
      j.kind = 0 /* JobKind.invocation */ and j.actor_id = p_actor_id and starts_with(j.definition, p_type || '/')
  ) x;
end $$;
