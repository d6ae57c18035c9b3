-- What an action that has ended has done and is not undone: a row for each step of it, and `holder`, whose compensation
-- of its own has failed for good: this action, or one below it that could not be unwound; `own` is whether it is this
-- one. What was run again since (`unwound`) counts, of each of them; of one that is not in the history any more nobody
-- knows, and it is not undone.
-- For other functions only: it inherits their search path and their settings.
create function not_undone(p_action uuid) returns table (step text, idx int, own boolean, holder uuid)
language plpgsql stable as $$
#variable_conflict use_column
begin
  return query
    with recursive entries as (
      select n.x ->> 'step' as step, (n.x ->> 'index')::int as idx, (n.x ->> 'child')::uuid as child, n.at
      from ended_actions e
      cross join lateral jsonb_array_elements(coalesce(e.unwound, e.cause) -> 'notUndone') with ordinality n(x, at)
      where e.id = p_action
    ),
    below as (
      select distinct n.child as top, n.child as id from entries n where n.child is not null
      union
      select b.top, (x ->> 'child')::uuid
      from below b
      cross join lateral (select e.unwound, e.cause from ended_actions e where e.id = b.id offset 0) e
      cross join lateral jsonb_array_elements(coalesce(e.unwound, e.cause) -> 'notUndone') x
      where x ? 'child'
    )
    select n.step, n.idx, n.child is null, coalesce(h.id, p_action)
    from entries n
    left join lateral (
      select b.id
      from below b
      left join lateral (
        select e.id, e.unwound, coalesce(e.unwound, e.cause) -> 'notUndone' as left_over
        from ended_actions e
        where e.id = b.id
        offset 0
      ) e on true
      where
        b.top = n.child
        and (
          e.id is null
          or jsonb_path_exists(e.left_over, '$[*] ? (!exists (@.child))')
          or was_deadlocked(e.id, e.unwound))
      order by b.id
      limit 1
    ) h on true
    where n.child is null or h.id is not null
    order by n.at;
end $$;
