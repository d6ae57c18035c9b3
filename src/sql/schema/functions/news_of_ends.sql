-- The news of ends without performing: with whose they are and how they ended, where they are in the history; who has
-- joined another one is not.
-- For other functions only: it inherits their search path and their settings.
create function news_of_ends(p_actions uuid[]) returns setof answer
language sql stable as $$
  select
    (-3 /* Kind.ended */)::smallint, a, e.definition, e.actor_id, null::jsonb, 0, coalesce(e.status, 0::smallint),
    0::smallint, 1::smallint, null::json
  from unnest(p_actions) a
  left join lateral (select h.definition, h.actor_id, h.status from ended_actions h where h.id = a offset 0) e on true
$$;
