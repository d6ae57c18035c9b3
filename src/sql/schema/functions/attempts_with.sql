-- What came of a step's attempts, with the one that runs, if one does: the last hundred.
-- Names nothing of the schema, and needs no search path.
create function attempts_with(p_attempts jsonb, p_attempt smallint, p_started_at timestamptz) returns jsonb
language sql immutable as $$
  select case
    when p_started_at is null then p_attempts
    else jsonb_set(
      p_attempts, '{last}',
      case
        when jsonb_array_length(p_attempts -> 'last') < 100 then p_attempts -> 'last'
        else (p_attempts -> 'last') - 0
      end || jsonb_build_object('number', p_attempt, 'startedAt', extract(epoch from p_started_at) * 1000))
  end
$$;
