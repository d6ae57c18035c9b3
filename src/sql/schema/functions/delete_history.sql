-- Deletes what has ended with all that is stored of it, as far as nobody has it locked, and nobody retries it or is to
-- read it by now; gives which, and, where that is asked for by a size in bytes, what was stored of it, the newest
-- first: no more than that, one at least, and then `below` says which one was the last. A key of a completion that is
-- held for longer than `p_before` still answers. Of what is locked here a transition locks but the keys of executions,
-- which are deleted.
-- For other functions only: it inherits their search path and their settings.
create function delete_history(
  p_before timestamptz, p_ids uuid[], p_bytes int, out gone uuid[], out below uuid, out exported text[])
language plpgsql as $$
declare
  ids uuid[];
  parents uuid[];
  undos smallint[];
  bytes bigint := 0;
  one text;
begin
  select array_agg(x.id), array_agg(x.parent), array_agg(x.undo)
  into ids, parents, undos
  from (select id, parent, undo from ended_actions where id = any(p_ids) for update skip locked) x;
  -- whoever retries one of them, or undoes it, or what is above it, has locked it, and may have done so since it was
  -- looked at: by now it may be undone, be read by who goes on, or have to be unwound
  ids := array(
    select x.id
    from unnest(ids, parents, undos) x(id, parent, undo)
    where
      (select l.id from live_actions l where l.id = x.id) is null
      and (x.parent is null or (select l.id from live_actions l where l.id = x.parent) is null)
      and (
        select o.action
        from slots o
        where o.child = x.id and o.moved and (select l.id from live_actions l where l.id = o.action) is not null
        limit 1
      ) is null
      and case when x.undo is null then true else not is_to_unwind(x.id) end);
  if are_retried() then ids := array(select x from unnest(ids) x where not is_retried(x)); end if;
  ids := keep_awaited(ids);
  if p_bytes is not null then
    ids := array(select x from unnest(ids) x order by x desc);
    exported := '{}';
    for i in 1 .. cardinality(ids) loop
      one := exported_of(ids[i]);
      bytes := bytes + octet_length(one);
      if i > 1 and bytes > p_bytes then
        ids := ids[1:i - 1];
        below := ids[i - 1];
        exit;
      end if;
      exported := exported || one;
    end loop;
  end if;
  delete from slots where action = any(ids);
  delete from steps where action = any(ids);
  delete from memos where action = any(ids);
  delete from signals where action = any(ids);
  delete from retries where action = any(ids);
  delete from execution_parents where parent = any(ids);
  delete from execution_parents where child = any(ids);
  -- one that is held for longer still answers, a completion's key and a signal's too
  update action_keys
  set free_at = held_until
  where
    action = any(ids) and kind in (2 /* KeyKind.completion */, 4 /* KeyKind.signal */)
    and free_at is null and held_until > p_before;
  delete from action_keys where action = any(ids) and free_at is null;
  delete from ended_actions where id = any(ids);
  gone := ids;
end $$;
