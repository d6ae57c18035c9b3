-- Locks the rows that executions' ids are known by, which are made where there are none (`p_action` is the id of its
-- action then), but where `p_makes` is false; gives the actions of those that were made. Whoever starts executions, or
-- sends them something, locks these rows first, before any others: so what is sent to one before it is started is found
-- by who starts it. What nobody starts within `p_kept_ms` upkeep deletes, with what was sent (`free_keys`).
--
-- Several are made in one order, and then all are locked in that order: whoever makes rows waits for who makes or
-- deletes the same ones, holds what comes before them, and nothing that was there before. Unless it is patient it waits
-- for nobody longer than this, so that who asks for one of them is not held up by who has locked another one.
-- For other functions only: it inherits their search path and their settings.
create function lock_executions(
  p_now timestamptz, p_kept_ms float8, p_is_patient boolean, p_is_started boolean, p_definition text[],
  p_execution text[], p_action uuid[], p_makes boolean[], out made uuid[])
language plpgsql as $$
declare
  v_made uuid[];
  v_missing int;
begin
  -- of this statement's own transaction
  if not p_is_patient then perform set_config('lock_timeout', '20ms', true); end if;
  made := array[]::uuid[];
  loop
    with m as (
      insert into action_keys (definition, actor_id, kind, key, action, given, created_at, free_at)
      select distinct on (x.definition collate "C", x.execution collate "C")
        x.definition, x.execution, 5 /* KeyKind.execution */, '', x.action, case when p_is_started then 'started' end,
        p_now, case when not p_is_started then p_now + p_kept_ms * interval '1 millisecond' end
      from unnest(p_definition, p_execution, p_action, p_makes) with ordinality
        as x(definition, execution, action, makes, n)
      where x.makes
      order by x.definition collate "C", x.execution collate "C", x.n
      on conflict do nothing
      returning action
    )
    select array_agg(m.action) into v_made from m;
    made := made || v_made;
    -- all of them are new, as a rule
    exit when cardinality(made) = cardinality(p_action);
    select count(*) filter (where z.makes and z.place is null)
    into v_missing
    from (
      select y.makes, k.place
      from (
        select x.definition, x.execution, bool_or(x.makes) as makes
        from unnest(p_definition, p_execution, p_makes) as x(definition, execution, makes)
        group by x.definition, x.execution
        order by x.definition collate "C", x.execution collate "C"
        offset 0
      ) y
      left join lateral (
        select k.ctid as place
        from action_keys k
        where
          k.definition = y.definition and k.actor_id = y.execution and k.kind = 5 /* KeyKind.execution */
          and k.key = ''
        for update
      ) k on true
      offset 0
    ) z;
    -- what somebody has deleted meanwhile is made anew
    exit when v_missing = 0;
  end loop;
end $$;
