-- Nothing new of this begins; gives whether that is new. What is paused already keeps its reason.
create function pause(p_kind text, p_subject text, p_reason text, p_by text, p_operation jsonb) returns boolean
language plpgsql set search_path from current as $$
declare
  is_new boolean;
begin
  insert into pauses (kind, subject, reason, by, since)
  values (p_kind, p_subject, p_reason, p_by, clock_timestamp())
  on conflict do nothing;
  is_new := found;
  perform record_operation(p_operation, case when is_new then 'done' else 'already' end);
  return is_new;
end $$;
