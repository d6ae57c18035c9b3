-- Whether a worker is to declare its schedules again: one of them is not there, or is as nobody declares it any more
-- that lives.
create function undeclared_schedules(p_names text[], p_hashes text[]) returns boolean
language plpgsql stable set search_path from current as $$
begin
  return exists (
    select 1
    from unnest(p_names, p_hashes) d(name, hash)
    left join schedules s on s.name = d.name
    where
      s.name is null
      or (s.source = 0 /* ScheduleSource.code */ and s.hash <> d.hash and not is_declared(s.hash)));
end $$;
