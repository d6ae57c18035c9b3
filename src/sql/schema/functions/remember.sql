-- Stores what bodies have done on the way and are not to do again, as far as their actions are still at these steps,
-- under this token: of others nothing is stored, and nothing said. What is stored already stays, and is given: under
-- one name of a step the first one counts, whoever comes with another; `is_new` says whether all of them were stored
-- here, and so says it of one that is alone. `n` is a memo's number; 0 says that the lease is over. The worker's row
-- keeps everybody from taking over meanwhile.
create function remember(
  p_token bigint, memo_action uuid[], memo_step int[], memo_kind smallint[], memo_step_name text[], memo_name text[],
  memo_attempt int[], memo_result jsonb[], memo_at timestamptz[])
returns table (n int, result jsonb, is_new boolean) language plpgsql set search_path from current as $$
#variable_conflict use_column
declare
  valid int[];
  stored int;
begin
  perform require_read_committed();
  if leased(p_token) is null then
    return query select 0, null::jsonb, false;
    return;
  end if;
  valid := array(
    select x.n::int
    from unnest(memo_action, memo_step) with ordinality as x(action, step, n)
    cross join lateral (
      select l.ctid
      from live_actions l
      where
        l.id = x.action and l.token = p_token and l.step = x.step
        and l.phase in (0 /* Phase.step */, 5 /* Phase.unwinding */, 7 /* Phase.closing */)
      offset 0
    ) l);
  insert into memos (action, step, step_kind, step_name, name, attempt, result, ended_at)
  select x.action, x.step, x.kind, x.step_name, x.name, coalesce(x.attempt, 1), x.result, x.at
  from unnest(
    memo_action, memo_step, memo_kind, memo_step_name, memo_name, memo_attempt, memo_result, memo_at) with ordinality
    as x(action, step, kind, step_name, name, attempt, result, at, n)
  where x.n = any(valid)
  -- two of them may wait for each other's
  order by x.action, x.step, x.kind, x.step_name, x.name, x.attempt
  on conflict do nothing;
  get diagnostics stored = row_count;
  return query
    select x.n::int, m.result, stored = cardinality(valid)
    from unnest(memo_action, memo_step, memo_kind, memo_step_name, memo_name, memo_attempt) with ordinality
      as x(action, step, kind, step_name, name, attempt, n)
    cross join lateral (
      select m.result
      from memos m
      where
        m.action = x.action and m.step = x.step and m.step_kind = x.kind and m.step_name = x.step_name
        and m.name = x.name and m.attempt = coalesce(x.attempt, 1)
      offset 0
    ) m
    where x.n = any(valid);
end $$;
