-- How far down one call looks among what has failed in a time: those that have ended since then are looked at, all of
-- that millisecond, and null stands for all that there are. It ends at the `p_limit` newest ones that are asked for;
-- where an actor's type or a name is, also at five times as many that it is looked for among, so that what is rare does
-- not go through all that ever failed. A client reads times to the millisecond, and pages by them: a page that ended
-- within one would leave out the rest of it, as it does only of a millisecond in which four pages have failed.
create function failures_from(
  p_since timestamptz, p_until timestamptz, p_actor_type text, p_name text, p_limit int) returns timestamptz
language plpgsql stable set search_path from current as $$
declare
  v_most int := case when p_actor_type is null and p_name is null then p_limit else p_limit * 5 end;
begin
  return (
    with looked as materialized (
      select e.ended_at, e.definition
      from ended_actions e
      where
        e.status in (5 /* Status.failed */, 6 /* Status.timed_out */, 7 /* Status.deadlocked */)
        and (p_since is null or e.ended_at >= p_since)
        and (p_until is null or e.ended_at < p_until)
      order by e.ended_at desc
      limit v_most
    ),
    found as (
      select l.ended_at
      from looked l
      where
        (p_actor_type is null or split_part(l.definition, '/', 1) = p_actor_type)
        and (p_name is null or split_part(l.definition, '/', 2) = p_name)
      order by l.ended_at desc
      limit p_limit
    )
    select
      date_trunc('milliseconds', greatest(
        (select min(l.ended_at) from looked l having count(*) = v_most),
        (select min(f.ended_at) from found f having count(*) = p_limit))));
end $$;
