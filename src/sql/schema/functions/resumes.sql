-- Whether something was resumed that may have still to go on. What is held, however much, is not looked at.
create function resumes() returns boolean
language plpgsql stable set search_path from current as $$
begin
  return exists (select 1 from resumed) or exists (select 1 from resumable());
end $$;
