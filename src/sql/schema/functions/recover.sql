-- Takes over what workers left behind whose lease is over. Only rows that nobody has locked; the rest comes next time.
-- What has died together for a second time is tried again one after another: the action that kills its process takes
-- only itself along. With its row gone, nobody renews a lease late any more. The caller's own (`p_spared`) is its own
-- to renew or to give up, however late it comes.
-- Gives the names of those that are gone, and how many actions and held invocations they left.
create function recover(p_now timestamptz, p_tokens bigint[], p_burn boolean,
p_spared bigint[] default '{}') returns table (gone text[], taken int)
language plpgsql set search_path from current as $$
declare
  ids uuid[];
  dues timestamptz[];
  continued int;
  held int;
begin
  perform require_read_committed();
  -- of workers that give themselves up (`p_tokens`) nothing is to be missed: what they have under way is waited for
  perform 1 from workers where token = any(p_tokens) order by token for update;
  with d as (
    delete from workers
    where token in (
      select token
      from workers
      where token = any(p_tokens) or (p_burn and lease_until < clock_timestamp() and token <> all(p_spared))
      order by token
      for update skip locked)
    returning name
  )
  select coalesce(array_agg(name order by name), '{}')
  into gone
  from d;

  with l as (
    select id
    from live_actions l
    where token is not null and not exists (select 1 from workers w where w.token = l.token)
    for update skip locked
  ),
  u as (
    update live_actions t
    set token = null, attempts = attempts + case when p_burn then 1 else 0 end
    where t.id = any(array(select id from l))
    returning t.id, t.attempts
  )
  select array_agg(x.id), array_agg(case when x.late > 0 then p_now + x.late * interval '1 second' end)
  into ids, dues
  from (
    select
      u.id,
      case when p_burn and u.attempts > 1
        then least(60, row_number() over (partition by u.attempts > 1 order by u.id) - 1)
        else 0 end as late
    from u
  ) x;
  continued := continue_by_job(p_now, ids, dues);

  with l as (
    select queue, priority, id, attempts
    from jobs j
    where priority = 1001 /* Priority.held */ and not exists (select 1 from workers w where w.token = j.token)
    for update skip locked
  ),
  x as (
    select
      l.queue, l.priority, l.id,
      case when p_burn and l.attempts > 0
        then least(60, row_number() over (partition by l.attempts > 0 order by l.id) - 1)
        else 0 end as late
    from l
  )
  update jobs j
  set
    priority = case when x.late > 0 then 1000 /* Priority.later */ else coalesce(j.own_priority, 0) end,
    due_at = case when x.late > 0 then p_now + x.late * interval '1 second' end,
    token = null,
    attempts = j.attempts + case when p_burn then 1 else 0 end
  from x
  where j.queue = x.queue and j.priority = x.priority and j.id = x.id;
  get diagnostics held = row_count;

  -- somebody was cancelling them when their elders joined, and did not in the end
  update jobs
  set priority = -1000 /* Priority.first */, elder = null
  where ctid = any(array(
    select w.ctid
    from jobs w
    where
      w.elder is not null
      and not exists (select 1 from jobs e where e.action = w.elder and e.kind = 0 /* JobKind.invocation */)
    for update skip locked));
  taken := continued + held;
  return next;
end $$;
