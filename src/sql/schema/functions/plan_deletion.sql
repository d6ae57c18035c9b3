-- What `delete_ended` would delete of as many actions as it looks at, and what it would leave, by why: those that
-- `reads_of` names, and `successor`, where what has superseded one is there and stays. Nothing is locked, and nothing
-- is changed: what is read meanwhile, or read no more, is not known.
create function plan_deletion(p_before timestamptz, p_below uuid, p_limit int, out below uuid, out groups jsonb)
language plpgsql stable set search_path from current as $$
declare
  v_below uuid := coalesce(
    p_below,
    (lpad(to_hex(least(greatest(0, extract(epoch from p_before) * 1000), x'ffffffffffff'::bigint)::bigint), 12, '0')
      || repeat('0', 20))::uuid);
  v_keyed_below uuid := (lpad(
    to_hex(least(greatest(0, extract(epoch from p_before) * 1000) + 86400000, x'ffffffffffff'::bigint)::bigint),
    12, '0') || repeat('0', 20))::uuid;
  looked_at uuid[];
begin
  select
    array_agg(x.id) filter (where x.ended_at < p_before),
    case when count(*) = p_limit then (array_agg(x.id order by x.id))[1] end
  into looked_at, below
  from (
    select e.id, e.ended_at from ended_actions e where e.id < v_below order by e.id desc limit p_limit
  ) x;
  groups := (
    with u as materialized (select r.id, r.held_by, r.because from reads_of(looked_at, named_by_keys(v_keyed_below)) r),
    stays as (
      select
        u.id,
        coalesce(u.because, case when u.held_by is not null and (
          exists (select 1 from live_actions l where l.id = u.held_by offset 0)
          or exists (select 1 from ended_actions e where e.id = u.held_by and e.ended_at >= p_before offset 0)
          or exists (select 1 from u h where h.id = u.held_by and h.because is not null)) then 'successor' end
        ) as because
      from u
    ),
    g as (
      select e.definition, e.status, s.because, count(*) as count, max(e.id::text) as sample
      from stays s
      cross join lateral (select e.id, e.definition, e.status from ended_actions e where e.id = s.id offset 0) e
      group by e.definition, e.status, s.because
    )
    select coalesce(jsonb_agg(jsonb_build_object(
      'actorType', split_part(g.definition, '/', 1),
      'name', split_part(g.definition, '/', 2),
      'status', (array['pending', 'performing', 'succeeded', 'superseded', 'cancelled', 'failed', 'timed_out',
        'deadlocked'] /* statuses */)[g.status + 1],
      'because', g.because,
      'count', g.count,
      'sample', g.sample)), '[]')
    from g);
end $$;
