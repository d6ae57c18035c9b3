-- What an invocation finds to be achieved already (2.5, 2.6): what succeeded last under its checksum key, with the same
-- checksum, and is not what an operator has said to pass by. In SQL, and so simple that it becomes a part of the
-- statement that calls it.
-- For other functions only: it inherits their search path and their settings.
create function achievement_for(p_checksum_key text, p_checksum text, p_passes_by uuid)
returns table (result jsonb, action uuid, achieved_at timestamptz) language sql stable rows 1 as $$
  select a.result, a.action, a.achieved_at
  from achievements a
  where
    a.checksum_key = p_checksum_key and a.checksum = p_checksum and a.action is distinct from p_passes_by
  offset 0
$$;
