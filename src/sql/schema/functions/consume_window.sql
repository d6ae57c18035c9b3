-- Takes tokens of a key's window, each of which makes it last longer by `p_refill_ms`: gives what is taken of it with
-- these, and in how many ms it is over. Where that is more than `p_limit` (null: there is none) nothing is taken.
--
-- Locked is the key's row alone, from the look that takes until the commit: of those who take of one key at one moment
-- each sees what the ones before it have taken, in the order in which they came to the row. Who is refused by what is
-- committed locks and writes nothing: as long as a window is open, what is taken of it only grows. A crash before the
-- commit has taken nothing; after it, it is taken, whoever has heard of it.
create function consume_window(
  p_now float8, p_key text, p_tokens float8, p_refill_ms float8, p_limit float8, out taken float8, out ttl float8)
language plpgsql set search_path from current as $$
declare
  x record;
  v_ends float8;
  is_known boolean;
begin
  select r.tokens + p_tokens, r.expires_at - p_now into taken, ttl
  from rate_limits r
  where r.kind = 0 /* RateKind.window */ and r.key = p_key;
  if ttl > 0 and taken > p_limit then return; end if;
  perform require_read_committed();
  loop
    select r.tokens, r.expires_at into x
    from rate_limits r
    where r.kind = 0 /* RateKind.window */ and r.key = p_key
    for update;
    is_known := found;
    v_ends := p_now;
    taken := p_tokens;
    if is_known and x.expires_at > p_now then
      v_ends := x.expires_at;
      taken := x.tokens + p_tokens;
    end if;
    ttl := v_ends - p_now;
    if taken > p_limit then return; end if;
    v_ends := v_ends + p_refill_ms * p_tokens;
    ttl := v_ends - p_now;
    if is_known then
      update rate_limits r
      set
        tokens = taken,
        at = v_ends,
        expires_at = v_ends,
        look_at = case when v_ends > r.look_at then v_ends + 60000 else r.look_at end
      where r.kind = 0 /* RateKind.window */ and r.key = p_key;
      return;
    end if;
    insert into rate_limits (kind, key, tokens, at, expires_at, look_at)
    values (0 /* RateKind.window */, p_key, taken, v_ends, v_ends, v_ends + 60000)
    on conflict (kind, key) do nothing;
    -- or somebody was there first, and is seen now
    if found then return; end if;
  end loop;
end $$;
