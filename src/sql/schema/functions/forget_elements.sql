-- Deletes elements that were completed, or have failed, before a time, the oldest first, at most so many, and with them
-- that their ids were there; gives how many. Locked are their rows, those that nobody has locked. A crash before the
-- commit has deleted nothing.
create function forget_elements(p_state smallint, p_before timestamptz, p_limit int)
returns int language plpgsql set search_path from current as $$
declare
  v_count int;
begin
  with old as materialized (
    select e.ctid as place
    from queue_elements e
    where e.state = p_state and e.ended_at <= p_before
    order by e.ended_at
    limit p_limit
    for update skip locked
  ),
  gone as (
    delete from queue_elements e using old o where e.ctid = o.place returning 1
  )
  select count(*) into v_count from gone;
  return v_count;
end $$;
