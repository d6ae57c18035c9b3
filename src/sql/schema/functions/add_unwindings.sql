-- Makes live rows of what unwinds these ended actions: in these seats of their plain lanes, or in named lanes, which
-- they wait for. Lanes are taken, or locked where somebody else has the seat, in their order. Gives those that have got
-- their rows. What they do begins behind the steps that have run; they achieve nothing, and nobody joins them.
-- For other functions only: it inherits their search path and their settings.
create function add_unwindings(p_now timestamptz, p_ids uuid[], p_seats smallint[]) returns uuid[]
language plpgsql as $$
declare
  added uuid[];
begin
  with l as (
    insert into live_actions (
      id, definition, actor_id, queue, arguments, lane, lanes, seat, status, parent, parent_step, depth, rooted, flags,
      phase, step, outcome, result, cause, enqueued_at, started_at, tags, trace, unwinds)
    select
      x.id, e.definition, e.actor_id, coalesce(e.queue, 'default'), e.arguments, e.lane, e.lanes, x.seat,
      case when x.seat = 0 /* Seat.performing */ then 1 /* Status.performing */ else 0 end,
      e.parent, e.parent_step, e.depth, false, 64 /* Flag.compensates */, 5 /* Phase.unwinding */,
      -- the number of an only step without a row is 0
      coalesce((select s.idx from steps s where s.action = x.id order by s.idx desc limit 1), 0) + 1,
      e.status, e.result, case
        -- what a child could not undo is not this one's to undo; what is to be, begins again
        when e.unwound is not null or e.cause is not null then
          coalesce(e.cause, cause_at('{"kind": "failure", "message": "succeeded"}', e.definition, e.actor_id))
          - '{notUndone,kept,uncertain}'::text[]
          || coalesce(e.unwound, jsonb_strip_nulls(jsonb_build_object(
            'kept', e.cause -> 'kept', 'uncertain', e.cause -> 'uncertain')))
          || jsonb_build_object('notUndone', jsonb_path_query_array(
            coalesce(e.unwound, e.cause), '$.notUndone[*] ? (exists (@.child))')) end,
      e.enqueued_at, p_now, e.tags, e.trace, x.id
    from unnest(p_ids, p_seats) x(id, seat)
    cross join lateral (
      select
        e.definition, e.actor_id, e.queue, e.arguments, e.lane, e.lanes, e.parent, e.parent_step, e.depth, e.status,
        e.result, e.cause, e.unwound, e.enqueued_at, e.tags, e.trace
      from ended_actions e
      where e.id = x.id
      offset 0
    ) e
    order by e.lane
    on conflict (lane, seat) do update set token = live_actions.token where false
    returning id
  )
  select coalesce(array_agg(l.id), '{}') into added from l;
  return added;
end $$;
