-- What `delete_ended` would delete now of some actions, and what of those that are old enough it would leave, and why:
-- how many of each definition and status, with the newest of them, in groups as JSON. Changes and locks nothing; what
-- somebody else has locked just now it takes for what goes.
create function plan_deletion(
  p_before timestamptz, p_below uuid, p_limit int, p_rules jsonb, out below uuid, out groups jsonb)
language plpgsql stable set search_path from current as $$
declare
  w record;
begin
  select x.ids, x.below, x.stays, x.because
  into w
  from what_goes(
    p_before => p_before, p_below => p_below, p_limit => p_limit, p_rules => p_rules, p_is_plan => true) x;
  below := w.below;
  groups := (
    select coalesce(jsonb_agg(jsonb_build_object(
      'actorType', split_part(g.definition, '/', 1),
      'name', split_part(g.definition, '/', 2),
      'status', (
        array['pending', 'performing', 'succeeded', 'superseded', 'cancelled', 'failed', 'timed_out', 'deadlocked']
          /* statuses */)[g.status + 1],
      'because', g.because,
      'count', g.count,
      'newest', g.newest)), '[]')
    from (
      select e.definition, e.status, y.because, count(*) as count, (array_agg(y.id order by y.id desc))[1] as newest
      from (
        select a.id, null::text from unnest(w.ids) a(id)
        union all
        select s.id, s.because from unnest(w.stays, w.because) s(id, because)
      ) y(id, because)
      cross join lateral (select e.definition, e.status from ended_actions e where e.id = y.id offset 0) e
      group by e.definition, e.status, y.because
    ) g);
end $$;
