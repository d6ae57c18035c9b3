-- Puts elements into queues, in their order; one whose id its queue has, or has had and not forgotten, is in it
-- already.
--
-- Locked is nothing but what is put: who offers the same id at one moment waits for that commit, and finds it there.
-- Two that offer several of the same in another order wait for each other, and one of them is told so by the server,
-- and tries again. A crash before the commit has offered nothing. Who takes is told after the commit; where that is
-- lost they find it when they look by themselves.
create function offer_elements(
  p_now timestamptz, element_queue text[], element_id text[], element_element text[], element_due timestamptz[])
returns void language sql set search_path from current as $$
  insert into queue_elements (queue, id, element, due_at, offered_at)
  select o.queue, o.id, o.element, o.due, p_now
  from unnest(element_queue, element_id, element_element, element_due) with ordinality o(queue, id, element, due, n)
  order by o.n
  on conflict (queue, id) do nothing;
$$;
