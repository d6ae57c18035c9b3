-- What has superseded some actions, by way of any number of others, is not among them, and is old enough to go
-- (`kept_since`): each looked up by its key.
-- For other functions only: it inherits their search path and their settings.
create function superseders_to_delete(p_ids uuid[], p_before timestamptz, p_rules jsonb) returns uuid[]
language plpgsql stable as $$
begin
  return array(
    with recursive way(id) as (
      select y.id from unnest(p_ids) y(id)
      union
      select e.superseded_by
      from way w
      cross join lateral (select e.superseded_by from ended_actions e where e.id = w.id offset 0) e
      where e.superseded_by is not null
    )
    select e.id
    from way w
    cross join lateral (
      select e.id, e.ended_at, e.definition, e.status from ended_actions e where e.id = w.id offset 0
    ) e
    where
      (e.id in (select unnest(p_ids))) is not true
      and e.ended_at < kept_since(p_before, p_rules, e.definition, e.status));
end $$;
