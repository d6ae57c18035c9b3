-- Which of two actions is newer in a superseding lane (rule 14.2): who is due later; of those that were not delayed who
-- has the higher number in the queue, whatever the clocks of the processes that enqueued them say. Of one time, whoever
-- was delayed until then was enqueued before the other.
-- Names nothing of the schema, and needs no search path.
create function is_newer(
  p_delayed_until timestamptz, p_enqueued_at timestamptz, p_queued_as bigint, than_delayed_until timestamptz,
  than_enqueued_at timestamptz, than_queued_as bigint)
returns boolean language sql immutable as $$
  select case
    when p_delayed_until is null and than_delayed_until is null then p_queued_as > than_queued_as
    else
      (coalesce(p_delayed_until, p_enqueued_at), p_delayed_until is null, p_queued_as)
        > (coalesce(than_delayed_until, than_enqueued_at), than_delayed_until is null, than_queued_as) end
$$;
