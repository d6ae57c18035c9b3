-- Why an action is not finished: it, and the actions that it waits for, and those that these wait for, to the end, each
-- once; a level after the other, `p_most` at most. Nothing where nobody has the id. One statement, and so one snapshot;
-- each action costs a few look-ups, however much there is.
create function why(p_now timestamptz, p_id uuid, p_most int) returns setof jsonb
language plpgsql stable set search_path from current as $$
declare
  found uuid[] := array[p_id];
  latest uuid[] := found;
  nodes jsonb;
begin
  while cardinality(latest) > 0 loop
    nodes := (
      select jsonb_agg(a.node order by x.n)
      from unnest(latest) with ordinality x(id, n)
      cross join lateral why_action(p_now, x.id) a(node)
      where a.node is not null);
    return query select n from jsonb_array_elements(nodes) n;
    latest := array(
      select x.id
      from (
        select (o.other ->> 'id')::uuid as id, min(o.n) as n
        from jsonb_path_query(nodes, '$[*].reasons[*].others[*]') with ordinality o(other, n)
        group by 1
      ) x
      where x.id <> all(found)
      order by x.n
      limit p_most - cardinality(found));
    found := found || latest;
  end loop;
end $$;
