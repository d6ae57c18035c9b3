-- Who is not over and has something of an actor's: its actions that are queued or live, and live ones of others
-- that have what its actions have come to, among the next `p_limit` of all that are not over, by id behind
-- `p_after`. `after` is behind which the next call goes on; null after the last. Who is queued first and live then
-- has one id, and is met.
create function holders_of(
  p_type text, p_actor_id text, p_after uuid, p_limit int, out ids uuid[], out after uuid)
language plpgsql stable set search_path from current as $$
declare
  v_after uuid := coalesce(p_after, '00000000-0000-0000-0000-000000000000');
begin
  select
    coalesce(
      array_agg(x.id order by x.id) filter (
        where
          (x.is_one and x.actor_id = p_actor_id and starts_with(x.definition, p_type || '/'))
          or (x.is_one and x.is_live and holds_of(x.id, p_type, p_actor_id))),
      '{}'),
    case when count(*) = p_limit then (array_agg(x.id order by x.id desc))[1] end
  into ids, after
  from (
    (
      select j.action as id, j.definition, j.actor_id, false as is_live, true as is_one
      from jobs j
      where j.kind = 0 /* JobKind.invocation */ and j.action > v_after
      order by j.action
      limit p_limit
    )
    union all
    (
      -- what unwinds one that has ended is in the history
      select l.id, l.definition, l.actor_id, true, l.unwinds is null
      from live_actions l
      where l.id > v_after
      order by l.id
      limit p_limit
    )
    order by id
    limit p_limit
  ) x;
end $$;
