-- Takes tokens of a key whose limit somebody else has, and tells by refusing: gives for how many ms to wait, and where
-- its learning is. A key that was never refused has no row (`inactive`). What is refused waits (`cooldown`); the first
-- one after that begins to count (`learning`), until the next refusal says how much goes in which time (`learned`).
--
-- Locked is the key's row alone, from the look that changes it until the commit. Where nothing is known, or is to be
-- waited, nothing is locked or written: the first one after a time to wait finds it over under the lock, the others
-- what it has made of it. A crash before the commit has counted nothing.
create function adaptive_consume(
  p_now float8, p_key text, p_tokens float8, p_fallback_ms float8, out delay float8, out epoch int, out phase text)
language plpgsql set search_path from current as $$
declare
  x record;
  v_refill_ms float8;
begin
  for look in 1 .. 2 loop
    delay := 0;
    epoch := 0;
    phase := 'inactive';
    if look = 1 then
      select r.phase, r.epoch, r.at, r.tokens, r.expires_at, r.learned_limit, r.learned_ms into x
      from rate_limits r
      where r.kind = 2 /* RateKind.adaptive */ and r.key = p_key;
    else
      perform require_read_committed();
      select r.phase, r.epoch, r.at, r.tokens, r.expires_at, r.learned_limit, r.learned_ms into x
      from rate_limits r
      where r.kind = 2 /* RateKind.adaptive */ and r.key = p_key
      for update;
    end if;
    if not found or x.expires_at <= p_now then return; end if;
    epoch := x.epoch;
    phase := x.phase;
    if x.phase = 'cooldown' and x.at > p_now then
      delay := x.at - p_now;
      return;
    end if;
  end loop;
  if x.phase = 'cooldown' then
    epoch := x.epoch + 1;
    phase := 'learning';
    update rate_limits r
    set
      phase = 'learning',
      epoch = x.epoch + 1,
      at = 0,
      tokens = p_tokens,
      learning_since = p_now,
      learned_limit = 0,
      learned_ms = 0,
      expires_at = p_now + p_fallback_ms + 60000,
      look_at = p_now + p_fallback_ms + 120000
    where r.kind = 2 /* RateKind.adaptive */ and r.key = p_key;
  elsif x.phase = 'learning' then
    update rate_limits r set tokens = x.tokens + p_tokens where r.kind = 2 /* RateKind.adaptive */ and r.key = p_key;
  else
    v_refill_ms := x.learned_ms / x.learned_limit;
    if x.at <= p_now then
      x.tokens := 0;
      x.at := p_now;
    end if;
    x.tokens := x.tokens + p_tokens;
    x.at := x.at + v_refill_ms * p_tokens;
    delay := greatest(
      0,
      floor((x.tokens - 1) / x.learned_limit) * x.learned_ms - (x.tokens * v_refill_ms - (x.at - p_now)));
    update rate_limits l set tokens = x.tokens, at = x.at where l.kind = 2 /* RateKind.adaptive */ and l.key = p_key;
  end if;
end $$;
