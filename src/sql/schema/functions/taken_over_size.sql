-- How much is stored of the arguments that `earlier_slots` says of a step, as it is known before they are read.
-- For other functions only: it inherits their search path and their settings.
create function taken_over_size(p_action uuid, p_step int) returns bigint
language plpgsql stable as $$
begin
  return (
    select coalesce(sum(coalesce(octet_length(o.request), a.size)), 0)
    from slots o
    left join lateral (
      select pg_column_size(coalesce(e.given, e.arguments)) as size from ended_actions e where e.id = o.child offset 0
    ) a on true
    where
      o.action = p_action and o.step = p_step and coalesce(o.attempt, 0) = 0
      and (o.request is null or starts_with(o.request, '['))
      and o.status = 2 /* Status.succeeded */);
end $$;
