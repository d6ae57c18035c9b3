-- Records what somebody has asked for, with the transition that has done it or has not: `p_operation` is
-- `NewOperation` of src/store/Records.ts, null where nobody is to be named. What has changed something is recorded each
-- time. What has not is recorded once for who has asked for that, and not at all where anything is recorded of that
-- already: so whoever asks again after a lost answer leaves nothing more, and who asks all the time does not fill the
-- table. A try that commits meanwhile was waited for, by the lock of what it has changed or by the index.
-- What is asked of many (`through`) is recorded of each of them, once: where it is recorded already, this fails, and
-- with it the transition. So a worker that has lost its action, and does not know, does nothing a second time.
create function record_operation(p_operation jsonb, p_outcome text, p_counts jsonb default null) returns void
language plpgsql set search_path from current as $$
begin
  if p_operation is null
    or (
      p_outcome <> 'done'
      and p_operation ->> 'through' is null
      and exists (
        select 1
        from operations o
        where
          o.target = p_operation ->> 'target'
          and o.verb = p_operation ->> 'verb'
          and o.by = p_operation ->> 'by'
          and o.step is not distinct from (p_operation ->> 'index')::int
          and o.attempt is not distinct from (p_operation ->> 'attemptNumber')::int)) then
    return;
  end if;
  insert into operations (at, by, verb, target, step, attempt, reason, counts, outcome, through)
  values (
    to_timestamp((p_operation ->> 'at')::float8 / 1000), p_operation ->> 'by', p_operation ->> 'verb',
    p_operation ->> 'target', (p_operation ->> 'index')::int, (p_operation ->> 'attemptNumber')::int,
    p_operation ->> 'reason', p_counts, p_outcome, (p_operation ->> 'through')::uuid)
  on conflict do nothing;
  if not found and p_operation ->> 'through' is not null then
    raise unique_violation using
      message = p_operation ->> 'through' || ' has asked for this of ' || (p_operation ->> 'target') || ' already';
  end if;
end $$;
