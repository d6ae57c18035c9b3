-- Why an action cannot wait: the cycle that its waiting closes, in words and as data. Of a long one the words leave out
-- most of its middle, and the data what comes after the first hundred.
-- For other functions only: it inherits their search path and their settings.
create function deadlock_cause(p_cycle jsonb, p_definition text, p_actor_id text) returns jsonb
language plpgsql stable as $$
declare
  -- one that is not stored as an action is known only here
  cycle jsonb := jsonb_set(
    p_cycle,
    '{0}',
    (p_cycle -> 0) || jsonb_build_object(
      'action', split_part(p_definition, '/', 2), 'actor', split_part(p_definition, '/', 1) || '/' || p_actor_id));
  size int := jsonb_array_length(p_cycle);
  names text[] := array(
    select left(c.one ->> 'action' || ' ' || (c.one ->> 'actor'), 200)
    from jsonb_array_elements(cycle) with ordinality c(one, n)
    order by c.n);
  waits text[] := array(
    select
      ' waits ' || case
        when c.one ? 'lane' then format('in lane "%s" behind ', left(c.one ->> 'lane', 200))
        when c.one ? 'step' then format('in step "%s" for ', c.one ->> 'step')
        else 'for ' end || names[c.n % size + 1]
    from jsonb_array_elements(cycle) with ordinality c(one, n)
    order by c.n);
  said text;
begin
  said := 'deadlocked: ' /* words.deadlocked */ || names[1] || case
    when size <= 6 then array_to_string(waits, ', which')
    else array_to_string(waits[1:3], ', which') || format(', and so on over %s more to ', size - 5) || names[size]
      || ', which' || waits[size] end;
  return cause_at(
    jsonb_build_object(
      'kind', 'deadlocked',
      'message', said,
      'cycle',
      (
        select jsonb_agg(c.one order by c.n)
        from jsonb_array_elements(cycle) with ordinality c(one, n)
        where c.n <= 100
      )),
    p_definition,
    p_actor_id);
end $$;
