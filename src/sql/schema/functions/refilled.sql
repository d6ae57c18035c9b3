-- What a bucket holds at a time, and since when its next token comes in: it comes in whole after each `p_refill_ms`, up
-- to the limit. Of a full one that begins with the next token that is taken.
-- Names nothing of the schema, and needs no search path.
create function refilled(
  p_now float8, p_tokens float8, p_since float8, p_limit float8, p_refill_ms float8, out tokens float8,
  out since float8)
language plpgsql immutable as $$
declare
  v_added float8;
begin
  tokens := coalesce(p_tokens, p_limit);
  since := coalesce(p_since, p_now);
  if p_refill_ms > 0 then
    v_added := floor((p_now - since) / p_refill_ms);
    if v_added > 0 then
      tokens := least(p_limit, tokens + v_added);
      since := since + v_added * p_refill_ms;
    end if;
  else
    tokens := p_limit;
  end if;
  if tokens >= p_limit then since := p_now; end if;
end $$;
