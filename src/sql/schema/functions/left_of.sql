-- What ended actions have not undone by now, in the place of what their rows say: what a child could not undo is left
-- no more once that was undone again, however far below (as `not_undone` has it). Of those of which that has changed
-- something. It is asked only of those whose rows tell of children: in a view it would be a part of each plan.
create function left_of(p_ids uuid[]) returns table (id uuid, unwound jsonb)
language plpgsql stable set search_path from current as $$
#variable_conflict use_column
begin
  return query
    with recursive entries as (
      select e.id as action, coalesce(e.unwound, e.cause) as told, n.x, n.at, (n.x ->> 'child')::uuid as child
      from ended_actions e
      cross join lateral jsonb_array_elements(coalesce(e.unwound, e.cause) -> 'notUndone') with ordinality n(x, at)
      where e.id = any(p_ids)
    ),
    below as (
      select n.child as top, n.child as id from entries n where n.child is not null
      union
      select b.top, (x ->> 'child')::uuid
      from below b
      cross join lateral (select e.unwound from ended_actions e where e.id = b.id offset 0) e
      cross join lateral jsonb_array_elements(e.unwound -> 'notUndone') x
      where x ? 'child'
    ),
    still as (
      select n.action, n.told, n.x, n.at, n.child is null or exists (
        select 1
        from below b
        left join lateral (select e.unwound from ended_actions e where e.id = b.id offset 0) e on true
        where
          b.top = n.child
          and (e.unwound is null or jsonb_path_exists(e.unwound, '$.notUndone[*] ? (!exists (@.child))'))
      ) as is_left
      from entries n
    )
    select
      s.action,
      jsonb_strip_nulls(jsonb_build_object(
        'notUndone', jsonb_agg(s.x order by s.at) filter (where s.is_left),
        'uncertain', s.told -> 'uncertain',
        'kept', s.told -> 'kept'))
    from still s
    group by s.action, s.told
    having not bool_and(s.is_left);
end $$;
