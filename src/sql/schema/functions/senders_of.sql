-- In which spans those signals were sent that a step has waited for, and was given: of each attempt of it.
-- For other functions only: it inherits their search path and their settings.
create function senders_of(p_action uuid, p_step int) returns json
language sql stable as $$
  select json_agg(distinct o.trace) from slots o where o.action = p_action and o.step = p_step and o.trace is not null
$$;
