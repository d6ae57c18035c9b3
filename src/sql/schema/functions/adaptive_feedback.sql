-- Somebody else has refused what was taken of a key under an epoch, and says for how many ms: the key waits so long,
-- or, while it was learning, has learned by it how much goes in which time. What comes of an epoch that is over changes
-- nothing. A minute after it says nothing any more the row is gone; a time that was learned is an hour at most.
--
-- Locked is the key's row alone, until the commit; two who are the first to be refused meet at the primary key, and the
-- second one finds the first one's row. A crash before the commit has learned nothing, and the next refusal says it.
create function adaptive_feedback(p_now float8, p_key text, p_epoch int, p_tokens float8, p_retry_ms float8)
returns void language plpgsql set search_path from current as $$
declare
  x record;
  v_until float8 := p_now + p_retry_ms;
  v_ms float8;
begin
  perform require_read_committed();
  loop
    select r.phase, r.epoch, r.at, r.tokens, r.learning_since, r.expires_at <= p_now as is_over into x
    from rate_limits r
    where r.kind = 2 /* RateKind.adaptive */ and r.key = p_key
    for update;
    exit when found;
    if p_epoch <> 0 then return; end if;
    insert into rate_limits (kind, key, tokens, at, expires_at, look_at, phase, epoch)
    values (2 /* RateKind.adaptive */, p_key, 0, v_until, v_until + 60000, v_until + 120000, 'cooldown', 0)
    on conflict (kind, key) do nothing;
    if found then return; end if;
  end loop;
  if x.is_over then x.epoch := 0; end if;
  if x.epoch <> p_epoch then return; end if;
  if x.phase = 'learning' and not x.is_over and x.tokens > p_tokens then
    v_ms := least(greatest(p_now - x.learning_since + p_retry_ms, 1), 3600000);
    update rate_limits l
    set
      phase = 'learned',
      epoch = x.epoch + 1,
      at = x.learning_since + v_ms,
      tokens = x.tokens - p_tokens,
      learned_limit = x.tokens - p_tokens,
      learned_ms = v_ms,
      expires_at = p_now + v_ms + 60000,
      look_at = p_now + v_ms + 120000
    where l.kind = 2 /* RateKind.adaptive */ and l.key = p_key;
    return;
  end if;
  if x.phase = 'cooldown' and not x.is_over then v_until := greatest(v_until, x.at); end if;
  update rate_limits l
  set
    phase = 'cooldown',
    epoch = x.epoch,
    at = v_until,
    tokens = 0,
    learning_since = 0,
    learned_limit = 0,
    learned_ms = 0,
    expires_at = v_until + 60000,
    look_at = v_until + 120000
  where l.kind = 2 /* RateKind.adaptive */ and l.key = p_key;
end $$;
