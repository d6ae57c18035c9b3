-- Siblings whose lane is the same, or not known yet, join it in the order of their ids, whatever their queues and definitions. One that
-- has an elder on its way becomes that one's to wake: under no token, and not asked for again. Whom it waits for is kept from going
-- by a share lock until this is committed: whoever takes that one (always with SKIP LOCKED, or, to be joined, as one that is tried
-- again) has not looked yet whom to wake, or has it locked; then this one is put back as due. Those that wait themselves are not waited
-- for: whoever wakes them finds them unlocked, but for what somebody is cancelling, which \`recover\` wakes if that is undone.
-- For other functions only: it inherits their search path and their settings.
create function in_turn(inout inv jobs[], inout ignoring uuid[], p_others jobs[], out put_back int, out moved boolean) language plpgsql as $$
declare younger jobs[];
begin
  ignoring := ignoring || array(select i.action from unnest(inv) i where i.unread);
  -- those of this batch are out of the queue, and join in the order of their ids
  select array_agg(x.i order by x.n) filter (where x.waits), array_agg(x.i order by x.n) filter (where not x.waits) into younger, inv
    from (select i, n, (i).ordered is true and exists (select 1 from jobs e where e.parent = (i).parent and e.parent_step = (i).parent_step and e.ordered and e.id < (i).id
      and (e.lane is null or e.lane = (i).lane)) as waits from (select i, row_number() over () as n from unnest(inv) i) y offset 0) x;
  put_back := 0;
  moved := younger is not null;
  if younger is not null then
    with w as (
      select (y).*, e.action as whom
      from unnest(younger) y left join lateral (
        select e.action from jobs e where e.parent = (y).parent and e.parent_step = (y).parent_step and e.ordered and e.id < (y).id
          and (e.lane is null or e.lane = (y).lane) and e.priority <> 102 order by e.id desc limit 1 for share skip locked) e on true),
    i as (insert into jobs overriding system value
      select id, queue, case when whom is null then 0 else 102 end, kind, action, definition, actor_id, arguments, lane, checksum_key, checksum, timeout_ms, parent, parent_step, depth,
        attempts, null, null, enqueued_at, ordered, whom, given, action = any(ignoring), null, prepared from w returning elder)
    select count(*) filter (where elder is null) into put_back from i;
  end if;
  update jobs set priority = 0, elder = null where ctid = any(array(select ctid from jobs where elder = any(array(
    select i.action from unnest(inv || p_others) i where i.ordered)) for update skip locked));
  moved := moved or found;
end $$;
