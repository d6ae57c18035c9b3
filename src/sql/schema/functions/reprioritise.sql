-- How urgent an invocation is that waits in the queue: where it stands in its order, at once; else for when it comes
-- back into it. It keeps its number, by which it is newer or older in its lane. Gives `done`, `already`; `running`:
-- a worker takes it just now; `begun`, `over`, `none`.
create function reprioritise(p_action uuid, p_priority smallint) returns text
language plpgsql set search_path from current as $$
declare
  j record;
begin
  perform require_read_committed();
  select ctid as place, queue, priority, own_priority, cancelled_at, tenant
  into j
  from jobs
  where action = p_action and kind = 0 /* JobKind.invocation */
  for update skip locked;
  if not found then return not_queued(p_action); end if;
  if j.cancelled_at is not null then return 'over'; end if;
  if coalesce(j.own_priority, 0) = p_priority then return 'already'; end if;
  update jobs
  set
    own_priority = case when j.tenant is null then nullif(p_priority, 0) else p_priority end,
    -- out of its turn first, which is no other one's of its tenant
    priority = case
      when j.priority between -100 and 100 or j.priority = 999 /* Priority.turns */ then p_priority
      else j.priority end
  where ctid = j.place
  returning ctid as place into j.place;
  if j.priority = 999 /* Priority.turns */ then perform give_turns(array[j.place]); end if;
  return 'done';
end $$;
