-- What is to be performed still, queued or live, by id from `p_from` to `p_until`: for who asks whether a program can
-- perform it (rule 19.3). An action is in one of both tables at a time, and so is met once. What a worker would load
-- apart is loaded apart here as well: such arguments and details are null.
create function live_page(p_from uuid, p_until uuid, p_limit int)
returns table (
  id uuid, definition text, actor_id text, queue text, lane text, lanes text[], depth smallint, attempts smallint,
  is_live boolean, begun boolean, phase smallint, step int, is_retry boolean, prepared boolean, has_signals boolean,
  is_apart boolean, arguments jsonb, given jsonb, detail json)
language plpgsql stable set search_path from current as $$
#variable_conflict use_column
begin
  return query
    select
      x.id, r.definition, r.actor_id, r.queue, r.lane, r.lanes, r.depth, r.attempts, r.is_live, r.begun, r.phase,
      r.step, r.is_retry, r.prepared,
      exists (select from signals u where u.action = x.id and u.step is null offset 0),
      case when r.begun then r.detail is null else not r.travels end,
      case when r.begun and r.detail is not null or not r.begun and r.travels then r.arguments end,
      case when r.travels then r.given end,
      r.detail
    from (
      (
        select j.action as id
        from jobs j
        where j.kind = 0 /* JobKind.invocation */ and j.action >= p_from and j.action <= p_until
        order by j.action
        limit p_limit
      )
      union all
      (select l.id from live_actions l where l.id >= p_from and l.id <= p_until order by l.id limit p_limit)
      order by id
      limit p_limit
    ) x
    cross join lateral (
      select
        j.definition, j.actor_id, j.queue, j.lane, j.lanes, j.depth, j.attempts, false as is_live,
        null::smallint as phase, null::int as step, j.retry_of is not null as is_retry,
        j.prepared, false as begun, weight(j.arguments) + weight(j.given) < 131072 /* travelling */ as travels,
        j.arguments, j.given, null::json as detail
      from jobs j
      where j.kind = 0 /* JobKind.invocation */ and j.action = x.id
      union all
      select
        l.definition, l.actor_id, l.queue, l.lane, l.lanes, l.depth, l.attempts, true, l.phase, l.step,
        l.retry_of is not null, null, b.begun, weight(l.arguments) < 131072 /* travelling */, l.arguments, null,
        case when b.begun then detail_of(l.id) end
      from live_actions l
      -- what unwinds one that has ended may wait in a lane as well
      cross join lateral (select l.status <> 0 /* Status.pending */ or l.unwinds is not null as begun offset 0) b
      where l.id = x.id
    ) r
    order by x.id;
end $$;
