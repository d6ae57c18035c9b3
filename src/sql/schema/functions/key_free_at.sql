-- When a key may name another action, as far as can be said now: so long after the end of the one that it names, or of
-- that one's successor; and no sooner than so long from now, as long as that has not ended. Null: when the history of
-- it is deleted.
-- For other functions only: it inherits their search path and their settings.
create function key_free_at(p_action uuid, p_now timestamptz, p_kept_ms float8)
returns timestamptz language plpgsql stable as $$
begin
  return (
    select case o.state
      when 'unknown' then timestamptz '-infinity'
      when 'ended' then coalesce(
        (select e.ended_at from ended_actions e where e.id = o.final),
        (select u.created_at from outcomes u where u.id = o.final))
      else p_now end + p_kept_ms * interval '1 millisecond'
    from outcomes_of(array[p_action]) o);
end $$;
