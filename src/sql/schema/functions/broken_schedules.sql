-- Schedules that somebody could not read who was to fire them, and which slot each is at; so many at most, by their
-- names. A function of its own for its planner settings: where nobody has analysed the table, all of its rows seem to
-- have a trouble.
create function broken_schedules(p_limit int)
returns table (name text, slot timestamptz) language plpgsql stable set search_path from current as $$
#variable_conflict use_column
begin
  return query
  select s.name, s.slot
  from schedules s
  where
    s.trouble is not null
    and s.paused_at is null
    and not exists (select 1 from pauses p where p.kind = 'schedules')
  order by s.name
  limit p_limit;
end $$;
