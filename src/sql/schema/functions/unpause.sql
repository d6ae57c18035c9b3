-- Takes a pause back; gives whether there was one. What waits because of it goes on with the next `tick`.
create function unpause(p_kind text, p_subject text, p_operation jsonb) returns boolean
language plpgsql set search_path from current as $$
begin
  delete from pauses where kind = p_kind and subject = p_subject;
  if not found then return false; end if;
  insert into resumed (kind, subject)
  values (p_kind, p_subject)
  on conflict (kind, subject) do update set until = null, passed = null, is_last = false;
  perform record_operation(p_operation, 'done');
  return true;
end $$;
