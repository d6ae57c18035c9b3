-- What was sent to an execution; of clocks that have not rung also when, in ms, they are to ring: behind one of these,
-- as many as `p_bytes` hold, one at least.
create function sent_after(p_action uuid, p_name text, p_id bigint, p_bytes int)
returns table (name text, id bigint, payload text, rings_at float8)
language plpgsql stable set search_path from current as $$
begin
  for name, id, payload, rings_at in
    select g.name, g.id, g.payload::text, case when g.to_ring then extract(epoch from g.sent_at) * 1000 end
    from signals g
    where g.action = p_action and (g.name, g.id) > (p_name, p_id)
    order by g.name, g.id
  loop
    return next;
    p_bytes := p_bytes - coalesce(octet_length(payload), 0) - octet_length(name) - 40;
    exit when p_bytes <= 0;
  end loop;
end $$;
