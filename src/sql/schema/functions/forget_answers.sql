-- Forgets what is kept as answers for handles of an actor's invocations that were never stored as actions (rule 18.5),
-- among `p_limit` of all answers behind `p_after`: gives how many, and behind which one the next call goes on; null
-- after the last. Nobody else changes an answer that says how it has ended, but who deletes it, and that is passed by.
create function forget_answers(
  p_type text, p_actor_id text, p_after uuid, p_limit int, p_is_plan boolean, p_operation jsonb, out forgotten int,
  out after uuid)
language plpgsql set search_path from current as $$
declare
  ids uuid[];
  gone uuid[];
begin
  select array_agg(x.id), case when count(*) = p_limit then (array_agg(x.id order by x.id desc))[1] end
  into ids, after
  from (
    select o.id
    from outcomes o
    where o.id > coalesce(p_after, '00000000-0000-0000-0000-000000000000')
    order by o.id
    limit p_limit
  ) x;
  gone := array(
    select o.id
    from outcomes o
    where
      o.id = any(ids) and o.status is not null and o.actor_id = p_actor_id
      and starts_with(o.definition, p_type || '/') and (o.cause ? 'forgotten') is not true
    for update skip locked);
  forgotten := cardinality(gone);
  if p_is_plan or forgotten = 0 then return; end if;
  update outcomes
  set result = null, cause = coalesce(without_words(cause), '{"forgotten": true}')
  where id = any(gone);
  perform record_operation(p_operation, 'done', jsonb_build_object('answers', forgotten));
end $$;
