-- News of the conclusions that are not among the `p_good` ones, and have not ended just now.
-- For other functions only: it inherits their search path and their settings.
create function stale_conclusions(
  conclusion_action uuid[], conclusion_step int[], conclusion_phase smallint[], p_good int[],
  p_ended uuid[])
returns setof answer language plpgsql as $$
begin
  return query
    select
      -2 /* Kind.stale */::smallint, c.action, null::text, null::text, null::jsonb, c.step, c.phase, 0::smallint,
      0::smallint,
      -- a transactional body may have ended its own action, or what undoes it
      case
        when c.phase <> 7 /* Phase.closing */ and exists (
          select 1 from live_actions l where l.id = c.action and l.step = c.step and l.phase = 7 /* Phase.closing */
          offset 0)
          then to_json('closing'::text)
        when c.action = any(string_to_array(current_setting('stepped.ended', true), ',')::uuid[])
          then to_json('ended here'::text) end
    from unnest(conclusion_action, conclusion_step, conclusion_phase) with ordinality as c(action, step, phase, n)
    where c.n <> all(p_good) and (c.action = any(p_ended)) is not true;
end $$;
