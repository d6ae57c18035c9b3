-- Live actions that this worker goes on with, in this order, with what it needs for it; of one whose detail is to be
-- loaded apart with its epoch alone.
-- For other functions only: it inherits their search path and their settings.
create function continued(p_actions uuid[]) returns setof answer
language plpgsql stable as $$
begin
  return query
    select
      1 /* Kind.continue */::smallint, l.id, l.definition, l.actor_id,
      case when d.detail is not null then l.arguments end,
      l.step, l.phase, l.attempts, l.depth, coalesce(d.detail, to_json(l.epoch))
    from unnest(p_actions) with ordinality x(id, n)
    cross join lateral (
      select l.id, l.definition, l.actor_id, l.arguments, l.step, l.phase, l.attempts, l.depth, l.epoch
      from live_actions l
      where l.id = x.id
      offset 0
    ) l
    cross join lateral (select detail_of(l.id) as detail offset 0) d
    order by x.n;
end $$;
