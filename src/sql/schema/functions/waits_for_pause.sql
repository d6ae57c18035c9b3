-- Whether an action that waits in named lanes is not to begin: because of one of them, of its queue, of its definition,
-- or because nothing is.
-- For other functions only: it inherits their search path and their settings.
create function waits_for_pause(p_action uuid) returns boolean
language plpgsql stable as $$
begin
  return exists (
    select 1
    from live_actions l
    where
      l.id = p_action
      -- what has begun goes on, and so does what undoes it
      and l.unwinds is null
      and (
        is_paused(null, l.queue, l.definition)
        or exists (select 1 from unnest(l.lanes) x where is_paused(x, null, null))));
end $$;
