-- What of the history is deleted that ended before a time, or, with `p_rules`, before the time of its definition and
-- status (`kept_since`), of which `p_before` is the last: looks at some actions, the newest ones below `p_below` first,
-- and gives below which one the next call goes on, or null after the oldest. What ended before a time was enqueued
-- before it too, and ids take user time: so the primary key leads there, and no row costs an entry in an index for it.
-- Passed by is what
-- - ended later than its id lets think;
-- - has something above it that is kept by its own rule (`ancestor`);
-- - somebody reads (`reads_of`);
-- - was superseded by what is still there (`superseded`). A newcomer has the higher id, so that it goes first, and all
--   that was superseded in one lane goes in one pass.
--
-- With `p_is_plan` it also gives what is old enough and stays, and why; and since nothing is deleted between two calls,
-- it looks again at what was superseding in an earlier one.
-- For other functions only: it inherits their search path and their settings.
create function what_goes(
  p_before timestamptz, p_below uuid, p_limit int, p_rules jsonb, p_is_plan boolean, out ids uuid[], out below uuid,
  out stays uuid[], out because text[])
language plpgsql stable as $$
declare
  v_below uuid := coalesce(
    p_below,
    (lpad(to_hex(least(greatest(0, extract(epoch from p_before) * 1000), x'ffffffffffff'::bigint)::bigint), 12, '0')
      || repeat('0', 20))::uuid);
  -- an id that a caller has chosen may be a day ahead of the others
  v_keyed_below uuid := (lpad(
    to_hex(least(greatest(0, extract(epoch from p_before) * 1000) + 86400000, x'ffffffffffff'::bigint)::bigint),
    12, '0') || repeat('0', 20))::uuid;
  page uuid[];
  looked_at uuid[];
  above uuid[];
  held uuid[];
  held_by uuid[];
  places jsonb;
  place int;
  goes boolean[];
begin
  select
    array_agg(y.id) filter (where y.ended_at < kept_since(p_before, p_rules, y.definition, y.status)),
    case when count(*) = p_limit then (array_agg(y.id order by y.id))[1] end
  into page, below
  from (
    select e.id, e.ended_at, e.definition, e.status
    from ended_actions e
    where e.id < v_below
    order by e.id desc
    limit p_limit
  ) y;
  looked_at := page;
  if p_is_plan then looked_at := looked_at || superseders_to_delete(page, p_before, p_rules); end if;
  if p_rules is not null then
    above := array(
      select e.id
      from unnest(looked_at) y(id)
      cross join lateral (select e.id, e.parent from ended_actions e where e.id = y.id offset 0) e
      where e.parent is not null and kept_above(e.parent, p_rules));
  end if;
  select
    array_agg(u.id) filter (where u.because is null and u.held_by is null),
    array_agg(u.id order by u.id desc) filter (where u.because is null and u.held_by is not null),
    array_agg(u.held_by order by u.id desc) filter (where u.because is null and u.held_by is not null),
    array_agg(u.id order by u.id desc) filter (where u.because is not null),
    array_agg(u.because order by u.id desc) filter (where u.because is not null)
  into ids, held, held_by, stays, because
  from (
    select r.id, r.held_by, case when (r.id in (select unnest(above))) is true then 'ancestor' else r.because end
    from reads_of(looked_at, named_by_keys(v_keyed_below)) r
  ) u(id, held_by, because);

  -- what is held by something that goes now goes with it: in one turn through them, newest first
  if held is not null then
    places := (select jsonb_object_agg(y.id, y.n) from unnest(held) with ordinality y(id, n));
    goes := array(select (y in (select unnest(ids))) is true from unnest(held_by) with ordinality h(y, n) order by n);
    for i in 1 .. cardinality(held) loop
      place := (places ->> held_by[i]::text)::int;
      if place < i then goes[i] := goes[place]; end if;
    end loop;
    ids := ids || array(select y.id from unnest(held, goes) y(id, goes) where y.goes);
  end if;
  if p_is_plan then
    stays := stays || array(select y.id from unnest(held, goes) y(id, goes) where not y.goes);
    because := because || array(select 'superseded' from unnest(goes) y(goes) where not y.goes);
    ids := array(select y.id from unnest(ids) y(id) where (y.id in (select unnest(page))) is true);
  end if;
end $$;
