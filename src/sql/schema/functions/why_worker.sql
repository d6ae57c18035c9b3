-- The worker that has something in hand, as whoever asks for it is told; null where it is gone.
-- For other functions only: it inherits their search path and their settings.
create function why_worker(p_token bigint) returns jsonb
language plpgsql stable as $$
begin
  return (
    select jsonb_build_object(
      'name', w.name, 'build', w.build, 'startedAt', extract(epoch from w.started_at) * 1000,
      'leaseUntil', extract(epoch from w.lease_until) * 1000, 'isOver', w.lease_until < clock_timestamp())
    from workers w
    where w.token = p_token);
end $$;
