-- The cycle in which an action waits for itself, through these others: null where it could go on if everybody who can
-- end did; `undecided` where more rounds than `p_rounds` would have to say so. Whoever performs waits for all of its
-- children; whoever waits in a lane goes on when fewer than its limit perform there and nobody is before it in line: in
-- line those hold others up who wait in other lanes, too, as the rest waits for the same. Whoever is not among these,
-- or does not wait for this action, can end: if they wait for each other, that is theirs to break.
-- For other functions only: it inherits their search path. Arrays are joined by hashing, whatever the caller's plans.
create function deadlock_among(
  p_id uuid, p_lanes text[], p_limits int[], p_turn bigint, p_joined uuid, p_among uuid[], p_rounds int,
  out cycle jsonb, out undecided boolean)
language plpgsql stable set enable_hashjoin = on set enable_bitmapscan = off set enable_seqscan = off as $$
declare
  edges edge_of_waiting[] := array(
    select e from edges_of_waiting(p_id, p_lanes, p_limits, p_turn, p_joined, array_append(p_among, p_id)) e);
  stuck uuid[] := array[p_id];
  latest uuid[] := stuck;
begin
  undecided := false;
  -- who waits for it, round by round
  while cardinality(latest) > 0 loop
    latest := array(
      select x.action
      from (
        select e.action from unnest(edges) e where (e.child in (select unnest(latest))) is true
        union
        select w.action
        from unnest(edges) w
        join (
          select p.lane, min(p.turn) as turn, bool_or(p."limit" is null) as performed
          from unnest(edges) p
          where
            p.lane is not null
            and (p."limit" is null or p.several)
            and (p.action in (select unnest(latest))) is true
          group by p.lane
        ) b on b.lane = w.lane and (b.performed or b.turn < w.turn)
        where w."limit" is not null
      ) x
      where (x.action in (select unnest(stuck))) is not true);
    stuck := stuck || latest;
    p_rounds := p_rounds - 1;
    if p_rounds < 0 then
      undecided := true;
      return;
    end if;
  end loop;
  -- of these, round by round, whoever can end does
  loop
    latest := array(select distinct b.action from blocked_by(edges, stuck) b);
    exit when cardinality(latest) = cardinality(stuck);
    stuck := latest;
    if (p_id in (select unnest(stuck))) is not true then return; end if;
    p_rounds := p_rounds - 1;
    if p_rounds < 0 then
      undecided := true;
      return;
    end if;
  end loop;
  cycle := cycle_of(p_id, edges, stuck);
end $$;
