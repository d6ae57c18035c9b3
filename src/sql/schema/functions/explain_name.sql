-- Whether an invocation's own id, or its key, names an action already; null where it does not. As `enqueue_keyed` has
-- it.
-- For other functions only: it inherits their search path and their settings.
create function explain_name(
  p_now timestamptz, p_kept_ms float8, p_action uuid, p_definition text, p_actor_id text, p_own_id boolean, p_key text,
  p_given text)
returns jsonb language plpgsql stable as $$
declare
  x record;
  named uuid;
begin
  for x in
    select a.kind, a.action, a.given
    from (
      select '' as definition, '' as actor_id, 0 /* KeyKind.id */::smallint as kind, p_action::text as key
      where p_own_id
      union all
      select p_definition, p_actor_id, 1 /* KeyKind.idempotency */, p_key where p_key is not null
    ) k
    cross join lateral (
      select a.kind, a.action, a.given, a.free_at
      from action_keys a
      where a.definition = k.definition and a.actor_id = k.actor_id and a.kind = k.kind and a.key = k.key
      offset 0
    ) a
    where (a.free_at <= p_now and key_free_at(a.action, p_now, p_kept_ms) <= p_now) is not true
    order by a.kind
  loop
    if x.given is distinct from p_given or x.action <> named then
      return jsonb_build_object('tag', 'Conflict', 'action', x.action, 'kind', x.kind);
    end if;
    named := x.action;
  end loop;
  return case when named is not null then jsonb_build_object('tag', 'Duplicate', 'action', named) end;
end $$;
