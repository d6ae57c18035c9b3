-- What became of invocations, whatever carried them: follows superseding and joining to the end. Of what was superseded
-- with a cause nobody waits for the newer one. In PL/pgSQL, as all
-- that is called often: a function in SQL is planned again by every call, which takes longer than running it.
create function outcomes_of(p_ids uuid[])
returns table (
  id uuid, final uuid, own smallint, state text, status smallint, result jsonb, cause jsonb, definition text,
  actor_id text, own_definition text, own_actor_id text, unwinding boolean, forgotten boolean)
language plpgsql stable set search_path from current as $$
#variable_conflict use_column
declare
  v_ids uuid[];
  v_next uuid[];
  v_far boolean;
  v_places jsonb;
  v_final int[];
  v_path int[];
  v_at int;
begin
  -- Each action on the way once, however many go that way: thousands may have superseded one another. Looked up one by
  -- one: joined, all of the history would be read at every step.
  with recursive way(id, next) as (
    select
      x,
      coalesce(
        (select e.superseded_by from ended_actions e where e.id = x and e.cause is null),
        (select o.follows from outcomes o where o.id = x), x)
    from unnest(p_ids) x
    union
    select
      w.next,
      coalesce(
        (select e.superseded_by from ended_actions e where e.id = w.next and e.cause is null),
        (select o.follows from outcomes o where o.id = w.next),
        w.next)
    from way w
    where w.next <> w.id
  )
  select array_agg(w.id), array_agg(w.next), bool_or(w.next <> w.id) into v_ids, v_next, v_far from way w;
  if v_far then
    v_places := (select jsonb_object_agg(w.id, w.n) from unnest(v_ids) with ordinality w(id, n));
    v_final := array_fill(0, array[cardinality(v_ids)]);
    for i in 1 .. cardinality(v_ids) loop
      v_at := i;
      v_path := '{}';
      while v_final[v_at] = 0 and v_next[v_at] <> v_ids[v_at] loop
        v_path := array_append(v_path, v_at);
        v_at := (v_places ->> v_next[v_at]::text)::int;
      end loop;
      if v_final[v_at] <> 0 then v_at := v_final[v_at]; end if;
      v_final[i] := v_at;
      for k in 1 .. cardinality(v_path) loop
        v_final[v_path[k]] := v_at;
      end loop;
    end loop;
  end if;
  return query
    with z(root, id) as (
      select x, case when v_far then v_ids[v_final[(v_places ->> x::text)::int]] else x end
      from (select distinct unnest(p_ids)) d(x)
    )
    select
      z.root,
      z.id,
      (select x.status from ended_actions x where x.id = z.root),
      case
        when e.id is not null or o.status is not null then 'ended'
        when l.id is not null then 'live'
        when exists (
          select 1 from jobs j where j.action = z.id and j.kind = 0 /* JobKind.invocation */ offset 0) then 'queued'
        else 'unknown' end,
      coalesce(e.status, o.status, l.status),
      coalesce(e.result, o.result),
      coalesce(e.cause, o.cause),
      coalesce(e.definition, o.definition, l.definition),
      coalesce(e.actor_id, o.actor_id, l.actor_id),
      case
        when z.root <> z.id then coalesce(
          (select x.definition from ended_actions x where x.id = z.root),
          (select x.definition from outcomes x where x.id = z.root))
        else coalesce(
          e.definition, o.definition, l.definition,
          (select j.definition from jobs j where j.action = z.id and j.kind = 0 /* JobKind.invocation */)) end,
      case
        when z.root <> z.id then coalesce(
          (select x.actor_id from ended_actions x where x.id = z.root),
          (select x.actor_id from outcomes x where x.id = z.root))
        else coalesce(
          e.actor_id, o.actor_id, l.actor_id,
          (select j.actor_id from jobs j where j.action = z.id and j.kind = 0 /* JobKind.invocation */)) end,
      coalesce(
        l.outcome is not null and l.verdict ->> '_tag' is distinct from 'ends'
          and l.phase in (1 /* Phase.waiting */, 5 /* Phase.unwinding */, 7 /* Phase.closing */),
        false),
      coalesce(e.forgotten & 2 /* Forgotten.result */ <> 0, o.cause ? 'forgotten', false)
    from z
    left join lateral (
      select e.id, e.status, e.result, e.cause, e.definition, e.actor_id, e.forgotten
      from ended_actions e
      where e.id = z.id
      offset 0
    ) e on true
    left join lateral (
      select o.status, o.result, o.cause, o.definition, o.actor_id from outcomes o where o.id = z.id offset 0
    ) o on true
    left join lateral (
      select l.id, l.status, l.definition, l.actor_id, l.outcome, l.phase, l.verdict
      from live_actions l
      where l.id = z.id
      offset 0
    ) l on true;
end $$;
