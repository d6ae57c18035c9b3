-- Keeps the key of a signal that counts once for all actions of a definition and an actor; where somebody was faster,
-- perhaps for another action, says what has become of theirs, as `sent_before` does. It waits for who is not committed.
create function keep_signal_key(
  p_now timestamptz, p_definition text, p_actor_id text, p_name text, p_key text, p_given text,
  p_held_until timestamptz, p_action uuid, out became int, out action uuid)
language plpgsql set search_path from current as $$
#variable_conflict use_column
begin
  insert into action_keys (definition, actor_id, kind, key, action, given, created_at, held_until)
  values (
    p_definition, p_actor_id, 4 /* KeyKind.signal */, concat(p_name, U&'\0001', p_key), p_action, p_given, p_now,
    p_held_until)
  on conflict do nothing;
  if found then return; end if;
  select x.became, x.action
  into became, action
  from sent_before(p_definition, p_actor_id, p_name, p_key, p_given) x;
end $$;
