-- What is left of a cause that is forgotten: what kind of failure it was, and where in the tree; which steps are not
-- undone or uncertain, and which children were kept. What it has said is gone.
-- Names nothing of the schema, and needs no search path.
create function without_words(p_cause jsonb) returns jsonb
language plpgsql immutable as $$
begin
  if p_cause is null or jsonb_typeof(p_cause) <> 'object' then return null; end if;
  return jsonb_strip_nulls(jsonb_build_object(
    'kind', p_cause -> 'kind',
    'path', p_cause -> 'path',
    'message', 'forgotten' /* words.forgotten */,
    'forgotten', true,
    'notUndone', (
      select jsonb_agg(x.e || jsonb_build_object('message', 'forgotten' /* words.forgotten */) order by x.n)
      from jsonb_array_elements(p_cause -> 'notUndone') with ordinality x(e, n)),
    'uncertain', p_cause -> 'uncertain',
    'kept', p_cause -> 'kept'));
end $$;
