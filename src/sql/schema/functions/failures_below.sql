-- What executions are suspended with, since they have failed, that this one waits for, or that those wait for: a list
-- of twenty failures at most, or nothing. Each is looked up one by one, through as many levels as trees may have.
-- For other functions only: it inherits their search path and their settings.
create function failures_below(p_id uuid) returns jsonb
language plpgsql stable as $$
declare
  v_ids uuid[] := array[p_id];
  v_seen uuid[] := array[p_id];
  v_failures jsonb := jsonb '[]';
  v_found jsonb;
begin
  for v_depth in 1..100 loop
    select
      coalesce(jsonb_agg(l.failure - 'pretty' order by l.id) filter (where l.failure is not null), '[]'),
      array_agg(l.id) filter (where l.failure is null)
    into v_found, v_ids
    from (
      select distinct p.child
      from unnest(v_ids) x(id)
      cross join lateral (select p.child from execution_parents p where p.parent = x.id offset 0) p
    ) c
    cross join lateral (
      select l.id, l.failure
      from live_actions l
      where l.id = c.child and l.phase = 8 /* Phase.suspended */ and l.token is null
      offset 0
    ) l
    where (c.child in (select unnest(v_seen))) is not true;
    v_failures := v_failures || v_found;
    v_seen := v_seen || v_ids;
    exit when v_ids is null or jsonb_array_length(v_failures) >= 20;
  end loop;
  return (
    select jsonb_agg(x.f order by x.n)
    from jsonb_array_elements(v_failures) with ordinality x(f, n)
    where x.n <= 20);
end $$;
