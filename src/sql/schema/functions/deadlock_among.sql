-- The cycle in which an action waits for itself, through these others: null where it could go on if everybody who can
-- end did; `undecided` where more rounds than `p_rounds` would have to say so. Whoever performs waits for all of its
-- children; whoever waits in a lane goes on when fewer than its limit perform there and nobody is before it in line: in
-- line those hold others up who wait in other lanes, too, as the rest waits for the same. Whoever is not among these,
-- or does not wait for this action, can end: if they wait for each other, that is theirs to break.
-- For other functions only: it inherits their search path. Arrays are joined by hashing, whatever the caller's plans.
create function deadlock_among(
  p_id uuid, p_lanes text[], p_limits int[], p_turns bigint[], p_joined uuid, p_inherited uuid[], p_told uuid[],
  p_among uuid[], p_rounds int, p_asks uuid, out cycle jsonb, out undecided boolean)
language plpgsql stable set enable_hashjoin = on set enable_bitmapscan = off set enable_seqscan = off as $$
declare
  edges edge_of_waiting[] := array(
    select e
    from edges_of_waiting(p_id, p_lanes, p_limits, p_turns, p_joined, p_among, p_inherited, p_told, p_asks) e);
  held_up record;
begin
  select h.stuck, h.undecided into held_up from held_up_by(p_id, edges, false, p_rounds) h;
  undecided := held_up.undecided;
  if held_up.stuck is not null then cycle := cycle_of(p_id, edges, held_up.stuck); end if;
end $$;
