-- Asks a worker to take nothing new and to stop (rule 18.6), by its name, or by its number where nobody has that for a
-- name: it sees that when it renews its lease (`renew`), and its row goes when nothing is under it any more. `became`:
-- `done`; `draining`, as somebody has asked before; `unknown`; `dead`, where its lease is over; `ambiguous`, with the
-- numbers of those that live and have the name.
--
-- Locked is its row alone, for as long as a renewal takes. A crash before the commit has asked for nothing, one after
-- it leaves the row, and that says it all. One that dies while it drains is taken over as any; one that has lost its
-- lease before it has seen the row goes on under another one, and is not drained.
create function drain_worker(p_worker text, p_operation jsonb, out became text, out tokens bigint[])
language plpgsql set search_path from current as $$
declare
  named bigint[] := array(select w.token from workers w where w.name = p_worker order by w.token);
begin
  perform require_read_committed();
  if cardinality(named) = 0 and p_worker ~ '^[0-9]{1,18}$' then
    named := array(select w.token from workers w where w.token = p_worker::bigint);
  end if;
  tokens := array(
    select w.token
    from workers w
    where w.token = any(named) and w.lease_until > clock_timestamp()
    order by w.token
    limit 100);
  became := case
    when cardinality(named) = 0 then 'unknown'
    when cardinality(tokens) = 0 then 'dead'
    when cardinality(tokens) > 1 then 'ambiguous'
    else 'draining' end;
  if became <> 'draining' then return; end if;
  update workers w set drained_at = clock_timestamp() where w.token = tokens[1] and w.drained_at is null;
  if found then
    became := 'done';
  elsif not exists (select 1 from workers w where w.token = tokens[1]) then
    became := 'unknown';
    return;
  end if;
  perform record_operation(p_operation, became);
end $$;
