-- In which spans that was sent, or completed from outside, which a step has waited for: of each attempt of it, a
-- hundred at most.
-- For other functions only: it inherits their search path and their settings.
create function senders_of(p_action uuid, p_step int) returns json
language sql stable as $$
  select json_agg(x.trace)
  from (
    select distinct o.trace
    from slots o
    where o.action = p_action and o.step = p_step and o.trace is not null
    limit 100
  ) x
$$;
