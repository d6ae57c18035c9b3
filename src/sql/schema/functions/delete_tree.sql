-- Deletes an action that has ended, and what is below it, as far as nobody reads it (`reads_of`): at most `p_limit` of
-- each level a call; where there are more of one, what is above it stays for the next call (`has_more`). What was
-- superseded below it goes by age (`delete_ended`), as no slot leads there. Gives how many are gone, and the first
-- hundred that stay: with why, `superseded` by what is there, `locked`, or `live`. `became`: `done`; `kept`: nothing
-- was deleted; `notEnded`; `none`.
create function delete_tree(
  p_now timestamptz, p_action uuid, p_limit int, out became text, out deleted int, out kept jsonb, out has_more boolean)
language plpgsql set search_path from current as $$
declare
  named uuid[];
  level uuid[] := array[p_action];
  ids uuid[] := array[]::uuid[];
  gone uuid[];
  x record;
begin
  perform require_read_committed();
  deleted := 0;
  kept := '[]';
  has_more := false;
  became := (
    select case
      when exists (select 1 from ended_actions e where e.id = p_action) then 'done'
      when exists (select 1 from live_actions l where l.id = p_action)
        or exists (select 1 from jobs j where j.action = p_action and j.kind = 0 /* JobKind.invocation */)
        then 'notEnded'
      else 'none' end);
  if became <> 'done' then return; end if;
  named := named_by_keys('ffffffff-ffff-ffff-ffff-ffffffffffff');
  while cardinality(level) > 0 loop
    select
      array_agg(r.id order by r.id desc) filter (where r.because is null and r.held_by is null) as free,
      jsonb_agg(jsonb_build_object('id', r.id, 'because', coalesce(r.because, 'superseded')) order by r.id desc)
        filter (where r.because is not null or r.held_by is not null) as stays
    into x
    from reads_of(level, named) r;
    kept := kept || coalesce(x.stays, '[]');
    -- a level that does not go as a whole is found by way of those above it
    if cardinality(x.free) > p_limit then
      has_more := true;
      x.free := x.free[1:p_limit];
      ids := array[]::uuid[];
    end if;
    ids := ids || x.free;
    kept := kept || coalesce((
      select jsonb_agg(jsonb_build_object('id', c.child, 'because', 'live'))
      from (select distinct o.child, o.action from slots o where o.action = any(x.free) and o.child is not null) c
      where
        exists (select 1 from live_actions l where l.id = c.child and l.parent = c.action offset 0)
        and not exists (select 1 from ended_actions e where e.id = c.child offset 0)), '[]');
    level := array(
      select c.child
      from (select distinct o.child, o.action from slots o where o.action = any(x.free) and o.child is not null) c
      cross join lateral (select e.parent from ended_actions e where e.id = c.child offset 0) e
      where e.parent = c.action);
  end loop;
  gone := (select h.gone from delete_history(p_now, ids, null) h);
  deleted := cardinality(gone);
  kept := kept || coalesce((
    select jsonb_agg(jsonb_build_object('id', i, 'because', 'locked'))
    from unnest(ids) i
    where (i in (select unnest(gone))) is not true), '[]');
  kept := jsonb_path_query_array(kept, '$[0 to 99]');
  if deleted = 0 then became := 'kept'; end if;
end $$;
