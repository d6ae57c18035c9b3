-- The same news of each of these actions.
-- For other functions only: it inherits their search path and their settings.
create function news_of(p_kind int, p_actions uuid[]) returns setof answer
language sql immutable as $$
  select
    p_kind::smallint, a, null::text, null::text, null::jsonb, 0, 0::smallint, 0::smallint, 0::smallint, null::json
  from unnest(p_actions) a
$$;
