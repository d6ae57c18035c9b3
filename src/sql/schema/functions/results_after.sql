-- Results of an action's steps from `p_from` on, as many as `p_bytes` hold, one at least.
create function results_after(p_action uuid, p_from int, p_bytes int) returns table (idx int, result text)
language plpgsql stable set search_path from current as $$
begin
  for idx, result in
    select s.idx, s.result::text
    from steps s
    where s.action = p_action and s.idx >= p_from and s.result is not null
    order by s.idx
  loop
    return next;
    p_bytes := p_bytes - octet_length(result) - 40;
    exit when p_bytes <= 0;
  end loop;
end $$;
