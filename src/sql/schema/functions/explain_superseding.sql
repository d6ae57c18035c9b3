-- Whom an invocation would supersede, and who waits for those: they would wait for it, or be told in the lane beside
-- each. `p_then` is what would become of it.
-- For other functions only: it inherits their search path and their settings.
create function explain_superseding(p_actions uuid[], p_told_in text[], p_then jsonb) returns jsonb
language plpgsql stable as $$
begin
  if p_actions is null then return p_then; end if;
  return jsonb_build_object(
    'tag', 'Supersedes',
    'then', p_then,
    'others',
    (
      select jsonb_agg(
        shown_live(x.action) || jsonb_build_object(
          'toldIn', lane_name(x.told_in),
          'waiters', coalesce(
            (
              select jsonb_agg(shown_live(o.action))
              from (
                select distinct o.action from slots o where o.child = x.action and o.status is null limit 100
              ) o
            ),
            '[]')))
      from unnest(p_actions, p_told_in) x(action, told_in)
    ));
end $$;
