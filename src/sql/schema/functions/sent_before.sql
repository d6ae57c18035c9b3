-- What has become of a signal that came under a key once for all actions of a definition and an actor, and which of
-- them it was for: `became` is a code of `SentCode`; null, where none has come under it.
create function sent_before(
  p_definition text, p_actor_id text, p_name text, p_key text, p_given text, out became int, out action uuid)
language sql stable set search_path from current as $$
  select case when k.given = p_given then 2 /* Sent.repeated */ else 4 /* Sent.conflict */ end, k.action
  from action_keys k
  where
    k.definition = p_definition and k.actor_id = p_actor_id and k.kind = 4 /* KeyKind.signal */
    and k.key = concat(p_name, U&'\0001', p_key);
$$;
