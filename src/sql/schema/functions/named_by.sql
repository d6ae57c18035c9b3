-- What an id names, in one look: whatever moves it meanwhile, that stays the same. Null, if it names nothing.
-- For other functions only: it inherits their search path and their settings.
create function named_by(p_id uuid, out definition text, out actor_id text)
language plpgsql stable as $$
#variable_conflict use_column
begin
  select x.definition, x.actor_id
  into named_by.definition, named_by.actor_id
  from (
    select definition, actor_id from live_actions where id = p_id
    union all
    select definition, actor_id from jobs where action = p_id and kind = 0 /* JobKind.invocation */
    union all
    select definition, actor_id from ended_actions where id = p_id
    union all
    select definition, actor_id from outcomes where id = p_id
  ) x
  limit 1;
end $$;
