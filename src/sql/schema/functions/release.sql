-- Gives back what a worker holds, without burning an attempt: live actions get a job, held invocations return to the queue.
create function release(p_token bigint, p_actions uuid[], p_now timestamptz) returns void language plpgsql set search_path from current as $$
begin
  perform require_read_committed();
  update jobs set priority = 10, token = null where ctid = any(array(
    select ctid from jobs where action = any(p_actions) and kind = 0 and priority = 101 and token = p_token for update skip locked));
  with l as (select id from live_actions where id = any(p_actions) and token = p_token order by lane for update),
  u as (update live_actions t set token = null where t.id = any(array(select id from l)) returning t.id, t.queue, t.definition, t.actor_id)
  insert into jobs (queue, priority, kind, action, definition, actor_id, enqueued_at) select queue, 0, 1, id, definition, actor_id, p_now from u;
end $$;
