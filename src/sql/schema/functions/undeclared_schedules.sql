-- Whether a worker is to declare its schedules again: one of them is not there, is as nobody declares it any more that
-- lives, or as a version does that was seen first earlier, and was put while this one's workers were taken for dead.
create function undeclared_schedules(p_names text[], p_hashes text[]) returns boolean
language plpgsql stable set search_path from current as $$
begin
  return exists (
    select 1
    from unnest(p_names, p_hashes) d(name, hash)
    left join schedules s on s.name = d.name
    where
      s.name is null
      or (
        s.source = 0 /* ScheduleSource.code */ and s.hash <> d.hash
        and (
          not is_declared(s.hash)
          or exists (
            select 1
            from schedule_versions mine
            join schedule_versions theirs on theirs.name = d.name and theirs.hash = s.hash
            where
              mine.name = d.name
              and mine.hash = d.hash
              and (mine.first_seen, mine.hash) > (theirs.first_seen, theirs.hash)
            offset 0))));
end $$;
