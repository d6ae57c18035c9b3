-- Locks an action that waits in its lanes, and those lanes, as far as nobody else holds them; false if somebody does,
-- or it waits no longer.
-- For other functions only: it inherits their search path and their settings.
create function lock_waiting(p_id uuid) returns boolean language plpgsql as $$
declare
  plain text;
  named text[];
  locked bigint;
begin
  select l.lane, array(select s.lane from seats s where s.action = l.id and l.lane is null)
  into plain, named
  from live_actions l
  where l.id = p_id;
  if plain is not null then
    perform 1 from live_actions where lane = plain and seat = 0 /* Seat.performing */ for update skip locked;
    if not found then return false; end if;
  else
    select count(*)
    into locked
    from (select 1 from named_lanes n where n.lane = any(named) order by n.lane for update skip locked) x;
    if locked < (select count(*) from named_lanes n where n.lane = any(named)) then return false; end if;
  end if;
  perform 1
  from live_actions
  where id = p_id and status = 0 /* Status.pending */ and outcome is null
  for update skip locked;
  return found;
end $$;
