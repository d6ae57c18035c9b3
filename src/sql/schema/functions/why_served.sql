-- How many workers live, how many of them have a definition, and how many serve a queue beside that; and of these, how
-- many are draining: they end what they have, and take nothing new. One that has not said what it can run may be about
-- to in the first minute; after that it is a process that takes nothing from a queue.
-- For other functions only: it inherits their search path and their settings.
create function why_served(p_queue text, p_definition text) returns jsonb
language plpgsql stable as $$
begin
  return (
    select jsonb_build_object(
      'living', count(*),
      'having', count(*) filter (where w.has),
      'serving', count(*) filter (where w.has and w.serves and not w.drains),
      'draining', count(*) filter (where w.has and w.serves and w.drains))
    from (
      select
        case
          when w.definitions is not null then p_definition = any(w.definitions)
          else w.started_at > clock_timestamp() - interval '1 minute' end as has,
        w.queues is null or p_queue = any(w.queues) as serves,
        w.drained_at is not null as drains
      from workers w
      where w.lease_until > clock_timestamp()
      limit 10000
    ) w);
end $$;
