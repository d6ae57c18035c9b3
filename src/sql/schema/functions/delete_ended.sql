-- Deletes history from before a time, oldest first. Nothing that a live action may still read: what that joined, was
-- superseded by or got results from ended after it was enqueued. Nor what has left children behind that are still to be
-- cancelled: its slots name them.
create function delete_ended(p_before timestamptz, p_limit int) returns int
language plpgsql set search_path from current as $$
declare
  ids uuid[];
begin
  ids := array(
    select id
    from ended_actions
    where
      ended_at < least(p_before, (select min(enqueued_at) from live_actions))
      and not exists (select 1 from abandoned_by p where p.action = ended_actions.id)
    order by ended_at
    limit p_limit
    for update skip locked);
  delete from slots where action = any(ids);
  delete from steps where action = any(ids);
  delete from ended_actions where id = any(ids);
  return cardinality(ids);
end $$;
