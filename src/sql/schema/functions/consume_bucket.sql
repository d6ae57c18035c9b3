-- Takes tokens of a key's bucket: gives what is left of it with these, and for how many ms its next token is coming in.
-- Where less than nothing is left nothing is taken, unless it may be owed (`p_overflows`).
--
-- Locked is the key's row alone, from the look that takes until the commit: of those who take of one key at one moment
-- each sees what the ones before it have left, in the order in which they came to the row. Who is refused by what is
-- committed locks and writes nothing: what comes in is a matter of time, and need not be stored. A crash before the
-- commit has taken nothing; after it, it is taken, whoever has heard of it. Of a process whose clock is behind, nothing
-- has come in since.
create function consume_bucket(
  p_now float8, p_key text, p_tokens float8, p_limit float8, p_refill_ms float8, p_overflows boolean,
  out remaining float8, out elapsed float8)
language plpgsql set search_path from current as $$
declare
  x record;
  b record;
  v_full float8;
  is_known boolean;
begin
  if not p_overflows then
    select r.tokens, r.at into x from rate_limits r where r.kind = 1 /* RateKind.bucket */ and r.key = p_key;
    if found then
      select * into b from refilled(p_now, x.tokens, x.at, p_limit, p_refill_ms);
      remaining := b.tokens - p_tokens;
      elapsed := greatest(0, p_now - b.since);
      if remaining < 0 then return; end if;
    end if;
  end if;
  perform require_read_committed();
  loop
    select r.tokens, r.at into x
    from rate_limits r
    where r.kind = 1 /* RateKind.bucket */ and r.key = p_key
    for update;
    is_known := found;
    select * into b from refilled(p_now, x.tokens, x.at, p_limit, p_refill_ms);
    remaining := b.tokens - p_tokens;
    elapsed := greatest(0, p_now - b.since);
    if remaining < 0 and not p_overflows then return; end if;
    v_full := p_now + greatest(1, ceil(ceil(p_limit - remaining) * p_refill_ms - elapsed));
    if is_known then
      update rate_limits r
      set
        tokens = remaining,
        at = b.since,
        expires_at = v_full,
        look_at = case when v_full > r.look_at then v_full + 60000 else r.look_at end
      where r.kind = 1 /* RateKind.bucket */ and r.key = p_key;
      return;
    end if;
    insert into rate_limits (kind, key, tokens, at, expires_at, look_at)
    values (1 /* RateKind.bucket */, p_key, remaining, b.since, v_full, v_full + 60000)
    on conflict (kind, key) do nothing;
    -- or somebody was there first, and is seen now
    if found then return; end if;
  end loop;
end $$;
