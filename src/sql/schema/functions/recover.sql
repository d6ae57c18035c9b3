-- Takes over what workers left behind whose lease is over. Only rows that nobody has locked; the rest comes next time.
-- What has died too often is performed alone (`is_suspect`): of so many attempts as its definition has itself, as far
-- as the caller knows those (`p_own`), or else `p_attempts`; null, without. With its worker's row gone, nobody renews a
-- lease late any more. The caller's own (`p_spared`) is its own to renew or to give up, however late it comes.
-- Gives the names of those that are gone, and how many actions and held invocations they left.
create function recover(
  p_now timestamptz, p_tokens bigint[], p_burn boolean, p_spared bigint[] default '{}', p_attempts int default null,
  p_own text[] default '{}', p_own_attempts int[] default '{}')
returns table (gone text[], taken int)
language plpgsql set search_path from current as $$
declare
  ids uuid[];
  suspects uuid[];
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
    where token is not null and not exists (select 1 from workers w where w.token = l.token offset 0)
    for update skip locked
  ),
  u as (
    update live_actions t
    set token = null, attempts = least(attempts + case when p_burn then 1 else 0 end, 32767)
    where t.id = any(array(select id from l))
    returning
      t.id,
      p_burn and is_suspect(t.attempts, coalesce(p_own_attempts[array_position(p_own, t.definition)], p_attempts))
        as suspect
  )
  select array_agg(u.id) filter (where u.suspect is not true), array_agg(u.id) filter (where u.suspect)
  into ids, suspects
  from u;
  continued := continue_by_job(p_now, ids);
  if suspects is not null then continued := continued + continue_by_job(p_now, suspects, null, true); end if;

  with l as (
    select
      ctid as place, least(attempts + case when p_burn then 1 else 0 end, 32767) as attempts,
      coalesce(p_own_attempts[array_position(p_own, j.definition)], p_attempts) as most
    from jobs j
    where priority = 1001 /* Priority.held */ and not exists (select 1 from workers w where w.token = j.token offset 0)
    for update skip locked
  )
  update jobs j
  set
    priority = case
      when p_burn and is_suspect(l.attempts, l.most) then 1005 /* Priority.alone */
      when j.turn is not null then 999 /* Priority.turns */
      else coalesce(j.own_priority, 0) end,
    token = null,
    attempts = l.attempts
  from l
  where j.ctid = l.place;
  get diagnostics held = row_count;

  -- somebody was cancelling them when their elders joined, or were put off, and did not in the end; or one that they
  -- waited behind, for whom that waited in another lane, went just then
  update jobs
  set priority = -1000 /* Priority.first */, elder = null
  where ctid = any(array(
    select w.ctid
    from jobs w
    where
      w.elder is not null
      and not exists (
        select 1
        from jobs e
        where
          e.action = w.elder and e.kind = 0 /* JobKind.invocation */ and e.priority <> 1003 /* Priority.delayed */
          -- what was put off has a new number when it is due
          and e.id < w.id
          and (
            coalesce(e.lane, e.lanes[1]) is null or e.lane = w.lane or e.lanes && w.lanes
            or exists (
              select 1
              from jobs b
              where
                b.parent = w.parent and b.parent_step = w.parent_step and b.ordered and b.id < w.id
                and b.priority = 1002 /* Priority.waiting */ and b.lanes && w.lanes
              offset 0))
        offset 0)
    for update skip locked));
  taken := continued + held;
  return next;
end $$;
