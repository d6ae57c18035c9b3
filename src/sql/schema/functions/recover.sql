-- Takes over what workers left behind whose lease is over. Only rows that nobody has locked; the rest comes next time.
-- What has died together for a second time is tried again one after another: the action that kills its process takes only itself along.
-- With its row gone, nobody renews a lease late any more. The caller's own (`p_spared`) is its own to renew or to give up, however late it comes.
create function recover(p_now timestamptz, p_tokens bigint[], p_burn boolean, p_spared bigint[] default '{}') returns int language plpgsql set search_path from current as $$
declare n int := 0; k int;
begin
  perform require_read_committed();
  delete from workers where token in (select token from workers where token = any(p_tokens) or (p_burn and lease_until < clock_timestamp() and token <> all(p_spared)) order by token for update skip locked);
  with l as (select id from live_actions l where token is not null and not exists (select 1 from workers w where w.token = l.token) for update skip locked),
  u as (update live_actions t set token = null, attempts = attempts + case when p_burn then 1 else 0 end where t.id = any(array(select id from l)) returning t.id, t.queue, t.definition, t.actor_id, t.attempts)
  insert into jobs (queue, priority, kind, action, definition, actor_id, due_at, enqueued_at)
    select queue, case when late > 0 then 100 else 0 end, 1, id, definition, actor_id, case when late > 0 then p_now + late * interval '1 second' end, p_now
    from (select *, case when p_burn and attempts > 1 then least(60, row_number() over (partition by attempts > 1 order by id) - 1) else 0 end as late from u) x;
  get diagnostics n = row_count;
  with l as (select queue, priority, id, attempts from jobs j where priority = 101 and not exists (select 1 from workers w where w.token = j.token) for update skip locked),
  x as (select *, case when p_burn and attempts > 0 then least(60, row_number() over (partition by attempts > 0 order by id) - 1) else 0 end as late from l)
  update jobs j set priority = case when late > 0 then 100 else 10 end, due_at = case when late > 0 then p_now + late * interval '1 second' end, token = null,
    attempts = j.attempts + case when p_burn then 1 else 0 end from x where j.queue = x.queue and j.priority = x.priority and j.id = x.id;
  get diagnostics k = row_count;
  -- somebody was cancelling them when their elders joined, and did not in the end
  update jobs set priority = 0, elder = null where ctid = any(array(select w.ctid from jobs w where w.elder is not null
    and not exists (select 1 from jobs e where e.action = w.elder and e.kind = 0) for update skip locked));
  return n + k;
end $$;
