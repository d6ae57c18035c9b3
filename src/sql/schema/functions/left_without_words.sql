-- A cause, or what was left of unwinding, without what an actor's actions have said of why they could not be undone:
-- such a child, or one further below, whose message has the way to it.
-- For other functions only: it inherits their search path and their settings.
create function left_without_words(p_cause jsonb, p_type text, p_actor_id text) returns jsonb
language plpgsql stable as $$
begin
  if (p_cause ? 'notUndone') is not true then return p_cause; end if;
  return p_cause || jsonb_build_object('notUndone', (
    select jsonb_agg(
      case
        when names_actor(x.e ->> 'message', p_type || '/' || p_actor_id) or exists (
          select 1
          from ended_actions c
          where
            c.id = (x.e ->> 'child')::uuid and c.actor_id = p_actor_id and starts_with(c.definition, p_type || '/')
          offset 0)
        then x.e || jsonb_build_object('message', 'forgotten' /* words.forgotten */) else x.e end
      order by x.n)
    from jsonb_array_elements(p_cause -> 'notUndone') with ordinality x(e, n)));
end $$;
