-- Deletes history from before a time with all that is stored of it: looks at some actions at a time, the newest ones
-- below `p_below` first, and gives below which one the next call goes on, or null after the oldest. What ended before a
-- time was enqueued before it too, and ids take user time: so the primary key leads there, and no row costs an entry in
-- an index for it. Passed by is what
-- - ended later than its id lets think;
-- - somebody reads (`reads_of`);
-- - was superseded by what is still there. A newcomer has the higher id, so that it goes first, and all that was
--   superseded in one lane goes in one pass.
--
-- With `p_is_exported` it gives what was stored of what it has deleted, each action as JSON: whoever asks for that
-- commits when it is kept elsewhere. Rows of the history are locked until then; nobody waits for them. Whoever would
-- retry one meanwhile, or another parent that has its result, is told that it is deleted, and a claim that would reuse
-- it as an achievement fails and is tried again: what keeps them elsewhere is to be short. A crash, or an answer that
-- is lost, leaves all of them, or what is kept elsewhere by then.
create function delete_ended(
  p_before timestamptz, p_below uuid, p_limit int, p_is_exported boolean default false, out deleted int,
  out below uuid, out exported text[])
language plpgsql set search_path from current as $$
declare
  v_below uuid := coalesce(
    p_below,
    (lpad(to_hex(least(greatest(0, extract(epoch from p_before) * 1000), x'ffffffffffff'::bigint)::bigint), 12, '0')
      || repeat('0', 20))::uuid);
  -- an id that a caller has chosen may be a day ahead of the others
  v_keyed_below uuid := (lpad(
    to_hex(least(greatest(0, extract(epoch from p_before) * 1000) + 86400000, x'ffffffffffff'::bigint)::bigint),
    12, '0') || repeat('0', 20))::uuid;
  looked_at uuid[];
  ids uuid[];
  held uuid[];
  held_by uuid[];
  places jsonb;
  place int;
  goes boolean[];
begin
  select
    array_agg(x.id) filter (where x.ended_at < p_before),
    case when count(*) = p_limit then (array_agg(x.id order by x.id))[1] end
  into looked_at, below
  from (
    select e.id, e.ended_at from ended_actions e where e.id < v_below order by e.id desc limit p_limit
  ) x;
  select
    array_agg(u.id) filter (where u.held_by is null),
    array_agg(u.id order by u.id desc) filter (where u.held_by is not null),
    array_agg(u.held_by order by u.id desc) filter (where u.held_by is not null)
  into ids, held, held_by
  from reads_of(looked_at, named_by_keys(v_keyed_below)) u
  where u.because is null;

  -- what is held by something that goes now goes with it: in one turn through them, newest first
  if held is not null then
    places := (select jsonb_object_agg(x.id, x.n) from unnest(held) with ordinality x(id, n));
    goes := array(select (x in (select unnest(ids))) is true from unnest(held_by) with ordinality h(x, n) order by n);
    for i in 1 .. cardinality(held) loop
      place := (places ->> held_by[i]::text)::int;
      if place < i then goes[i] := goes[place]; end if;
    end loop;
    ids := ids || array(select x.id from unnest(held, goes) x(id, goes) where x.goes);
  end if;
  select cardinality(h.gone), h.exported
  into deleted, exported
  from delete_history(p_before, ids, p_is_exported) h;
end $$;
