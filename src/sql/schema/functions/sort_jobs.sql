-- Sorts what was taken: what goes on (signals, too), invocations that were cancelled, those that have to be prepared
-- first, and those that join. Most often there is nothing to sort: each pass over rows that are values takes as long as
-- reading them from their table.
-- For other functions only: it inherits their search path and their settings.
create function sort_jobs(
  p_jobs claimed_job[], p_definitions text[], p_prepare boolean[], out continuing claimed_job[],
  out cancelled claimed_job[], out unprepared claimed_job[], out ready claimed_job[], out in_order boolean,
  out checked boolean, out is_named boolean)
language plpgsql as $$
declare
  is_mixed boolean;
begin
  select
    bool_or(
      j.kind <> 0 /* JobKind.invocation */
      or j.cancelled_at is not null
      or j.lane is null
      or not coalesce(j.prepared, not p_prepare[array_position(p_definitions, j.definition)])),
    bool_or(j.ordered),
    bool_or(j.checksum is not null)
  into is_mixed, in_order, checked
  from unnest(p_jobs) j;
  is_named := false;
  if not is_mixed then
    ready := p_jobs;
    return;
  end if;
  select
    array_agg(x.j) filter (where x.continues),
    array_agg(x.j) filter (where x.is_cancelled),
    array_agg(x.j) filter (where not x.continues and not x.is_cancelled and not x.is_ready),
    array_agg(x.j) filter (where not x.continues and not x.is_cancelled and x.is_ready),
    coalesce(bool_or((x.j).lanes is not null), false)
  into continuing, cancelled, unprepared, ready, is_named
  from (
    select
      j,
      j.kind <> 0 /* JobKind.invocation */ as continues,
      j.cancelled_at is not null as is_cancelled,
      (j.lane is not null or j.lanes is not null)
        and coalesce(j.prepared, not p_prepare[array_position(p_definitions, j.definition)]) as is_ready
    from unnest(p_jobs) j
    offset 0
  ) x;
end $$;
