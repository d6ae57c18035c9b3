-- Deletes rows that say nothing any more, the oldest first, at most so many; gives how many. They are looked at when
-- they have said nothing for a while: that time (`look_at`) is never before `expires_at`.
--
-- Locked are the rows that it deletes, those that nobody has locked: who takes of one is never waited for. Who comes to
-- one that goes makes it anew. A crash before the commit leaves what was there, and the next one looks at it.
create function forget_limits(p_now float8, p_limit int) returns int language plpgsql set search_path from current as $$
declare
  v_count int;
begin
  with old as materialized (
    select r.ctid as place
    from rate_limits r
    where r.look_at <= p_now
    order by r.look_at
    limit p_limit
    for update skip locked
  ),
  gone as (
    delete from rate_limits r using old o where r.ctid = o.place returning 1
  )
  select count(*) into v_count from gone;
  return v_count;
end $$;
