-- Who could not go on although everybody who can end did, along these edges: an action and those who wait for it. It is
-- asked whether it can end itself, and they are null where it can; or, with `p_always`, what it holds up as long as it
-- does not. `undecided` where more rounds than `p_rounds` would have to say so.
-- For other functions only: it inherits their search path and their settings.
create function held_up_by(
  p_id uuid, p_edges edge_of_waiting[], p_always boolean, p_rounds int, out stuck uuid[], out undecided boolean)
language plpgsql stable as $$
declare
  found uuid[] := array[p_id];
  latest uuid[] := found;
begin
  undecided := false;
  -- who waits for it, round by round
  while cardinality(latest) > 0 loop
    latest := array(
      select x.action
      from (
        select e.action from unnest(p_edges) e where (e.child in (select unnest(latest))) is true
        union
        select w.action
        from unnest(p_edges) w
        join (
          select p.lane, min(p.turn) as turn, bool_or(p."limit" is null) as performed
          from unnest(p_edges) p
          where
            p.lane is not null
            and (p."limit" is null or p.several)
            and (p.action in (select unnest(latest))) is true
          group by p.lane
        ) b on b.lane = w.lane and (b.performed or b.turn < w.turn)
        where w."limit" is not null
      ) x
      where (x.action in (select unnest(found))) is not true);
    found := found || latest;
    p_rounds := p_rounds - 1;
    if p_rounds < 0 then
      undecided := true;
      return;
    end if;
  end loop;
  -- of these, round by round, whoever can end does
  loop
    latest := array(select b.action from blocked_by(p_edges, found) b union select p_id where p_always);
    exit when cardinality(latest) = cardinality(found);
    found := latest;
    if (p_id in (select unnest(found))) is not true then return; end if;
    p_rounds := p_rounds - 1;
    if p_rounds < 0 then
      undecided := true;
      return;
    end if;
  end loop;
  stuck := found;
end $$;
