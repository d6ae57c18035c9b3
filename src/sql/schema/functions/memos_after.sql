-- What an action's bodies have done and do not do again, behind one of these, as many as `p_bytes` hold, one at least.
create function memos_after(
  p_action uuid, p_step int, p_kind smallint, p_step_name text, p_name text, p_attempt int, p_bytes int)
returns table (step int, step_kind smallint, step_name text, name text, attempt int, result text)
language plpgsql stable set search_path from current as $$
begin
  for step, step_kind, step_name, name, attempt, result in
    select m.step, m.step_kind, m.step_name, m.name, m.attempt, m.result::text
    from memos m
    where
      m.action = p_action
      and (m.step, m.step_kind, m.step_name, m.name, m.attempt) > (p_step, p_kind, p_step_name, p_name, p_attempt)
    order by m.step, m.step_kind, m.step_name, m.name, m.attempt
  loop
    return next;
    p_bytes := p_bytes - coalesce(octet_length(result), 0) - octet_length(name) - 40;
    exit when p_bytes <= 0;
  end loop;
end $$;
