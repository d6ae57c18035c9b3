-- Deletes keys whose time is over; says how many it has looked at. `free_at` is a time before which a key is not free:
-- one whose action has not ended by then is looked at again when that may be over. A completion's key has one only once
-- there is nothing left of its action.
create function free_keys(p_now timestamptz, p_kept_ms float8, p_limit int)
returns int language plpgsql set search_path from current as $$
declare
  v_count int;
begin
  with due as materialized (
    select a.ctid as place, a.action
    from action_keys a
    where a.free_at <= p_now
    order by a.free_at
    limit p_limit
    for update skip locked
  ),
  known as materialized (
    select d.place, key_free_at(d.action, p_now, p_kept_ms) as free_at from due d
  ),
  gone as (
    delete from action_keys a using known k where a.ctid = k.place and k.free_at <= p_now
    returning a.action, a.kind
  ),
  -- what was sent to executions that nobody has started
  unheard as (
    delete from signals
    where ctid = any(array(
      select s.place
      from gone g
      cross join lateral (select s.ctid as place from signals s where s.action = g.action offset 0) s
      where g.kind = 5 /* KeyKind.execution */))
  ),
  later as (
    update action_keys a set free_at = k.free_at
    from known k
    where a.ctid = k.place and (k.free_at <= p_now) is not true
  )
  select count(*) into v_count from known;
  return v_count;
end $$;
