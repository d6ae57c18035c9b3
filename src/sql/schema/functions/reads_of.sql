-- Why what has ended is still read, one row for each; `because` is null where nobody does. It
-- - is being undone (`unwinding`), or may still be, as one above it is live;
-- - is named by a key that is held, or has taken the place of what is (`key`, in `p_named`);
-- - has left behind children that are still to be cancelled: its slots name them (`children`);
-- - is the child of a live action, which reads its result, also where another parent's child has joined or superseded
--   it, or is an execution that a live one has waited for (`parent`);
-- - is followed by an answer that is kept (`answer`);
-- - is what another action is to go on for, or below that (`retry`).
-- `held_by` has superseded it, and is there: handles go that way. Nothing of it comes back once it is over, and it was
-- there before the end of what it keeps: one snapshot tells. Each row is looked up one by one, which nothing can turn
-- into reading all of a table.
-- For other functions only: it inherits their search path and their settings.
create function reads_of(p_ids uuid[], p_named uuid[]) returns table (id uuid, held_by uuid, because text)
language plpgsql stable as $$
#variable_conflict use_column
declare
  retries boolean := are_retried();
begin
  return query
    select
      e.id,
      case
        when (select l.id from live_actions l where l.id = e.superseded_by) is not null
          or (select n.id from ended_actions n where n.id = e.superseded_by) is not null
          then e.superseded_by
      end,
      case
        when (select l.id from live_actions l where l.id = e.id) is not null then 'unwinding'
        when (e.id in (select unnest(p_named))) is true then 'key'
        when (select a.action from abandoned_by a where a.action = e.id limit 1) is not null then 'children'
        when (select l.id from live_actions l where l.id = e.parent) is not null then 'parent'
        when (
          select o.action
          from slots o
          where
            o.child = e.id and o.moved
            and (
              (select l.id from live_actions l where l.id = o.action) is not null
              or (retries and is_retried(o.action)))
          limit 1
        ) is not null then 'parent'
        when (
          select p.parent
          from execution_parents p
          where p.child = e.id and (select l.id from live_actions l where l.id = p.parent) is not null
          limit 1
        ) is not null then 'parent'
        when (select o.id from outcomes o where o.follows = e.id limit 1) is not null then 'answer'
        when retries and is_retried(e.id) then 'retry'
        when case when e.undo is null then false else is_to_unwind(e.id) end then 'unwinding'
      end
    from unnest(p_ids) x(id)
    cross join lateral (
      select e.id, e.parent, e.superseded_by, e.undo from ended_actions e where e.id = x.id offset 0
    ) e;
end $$;
