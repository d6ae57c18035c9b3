-- What earlier attempts of a step have asked for: the first number that is free, and the slots that have succeeded.
-- For other functions only: it inherits their search path and their settings.
create function earlier_slots(p_action uuid, p_step int) returns json
language plpgsql stable as $$
begin
  return (
    select json_build_object(
      'next', coalesce(max(o.slot) + 1, 0),
      'succeeded', coalesce(
        json_agg(
          case
            when a.asked is null and o.request is not null then json_build_array(o.slot, o.request)
            else json_build_array(o.slot, null, o.definition, o.actor_id, a.asked, o.signal) end
          order by o.slot)
          -- what was used again stands where it was asked for first
          filter (where o.status = 2 /* Status.succeeded */
            and coalesce(o.request <> '', coalesce(o.attempt, 0) = 0)),
        '[]'))
    from slots o
    cross join lateral (select asked_for(o.child, o.attempt, o.request) as asked offset 0) a
    where o.action = p_action and o.step = p_step);
end $$;
