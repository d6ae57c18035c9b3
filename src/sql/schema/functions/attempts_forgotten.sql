-- What is left of a step's attempts that are forgotten: how many, when, and what kind of failure each was.
-- For other functions only: it inherits their search path and their settings.
create function attempts_forgotten(p_attempts jsonb) returns jsonb
language plpgsql stable as $$
begin
  if p_attempts is null then return null; end if;
  return jsonb_build_object('last', coalesce((
    select jsonb_agg(
      case when x.e ? 'failure' then x.e || jsonb_build_object('failure', without_words(x.e -> 'failure')) else x.e end
      order by x.n)
    from jsonb_array_elements(p_attempts -> 'last') with ordinality x(e, n)), '[]'));
end $$;
