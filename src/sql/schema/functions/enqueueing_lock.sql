-- The advisory lock of what a worker's process enqueues and may start at once: shared while it does, and waited for by
-- a repetition. In SQL, and so simple that it becomes a part of the statement that calls it.
-- For other functions only: it inherits their search path and their settings.
create function enqueueing_lock(p_token bigint) returns bigint
language sql stable as $$
  select hashtextextended('stepped enqueue ' || quote_ident(current_schema()), p_token)
$$;
