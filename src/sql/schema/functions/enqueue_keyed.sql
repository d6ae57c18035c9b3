-- Enqueues what has an id of the caller's, or an idempotency key: a row for each says whose they are, and is written
-- with the invocation. Gives those that are named already, by their numbers, with the action that they name, and stores
-- nothing of them; where one of them came with something else that was asked for, it gives that one alone, with the
-- kind of what names it, and stores nothing of all. Whoever meets a row that is not committed waits for that
-- transaction, and every call takes them in one order. After an answer that was lost, what an earlier try has stored
-- names itself. A key whose time is over names another action from then on, whether upkeep has looked at it or not.
create function enqueue_keyed(
  p_now timestamptz, p_again bigint[], p_kept_ms float8, invocation_queue text[], invocation_action uuid[],
  invocation_definition text[], invocation_actor_id text[], invocation_arguments jsonb[], invocation_lane text[],
  invocation_lanes text[],
  invocation_checksum_key text[], invocation_checksum text[], invocation_timeout float8[], invocation_parent uuid[],
  invocation_parent_step int[], invocation_depth smallint[], invocation_ordered bool[], invocation_prepared boolean[],
  invocation_priority smallint[], invocation_due timestamptz[], invocation_tags text[], invocation_trace text[],
  invocation_tenant text[], invocation_token float8[], name_own_id bool[], name_key text[], name_given text[])
returns table (n int, action uuid, conflict smallint) language plpgsql set search_path from current as $$
#variable_conflict use_column
declare
  v_named uuid[] := invocation_action;
  v_met boolean[] := array_fill(false, array[cardinality(invocation_action)]);
  v_added tid[] := array[]::tid[];
  v_gone held_key[] := array[]::held_key[];
  v_which int[];
  v_place tid;
  v_is_new boolean;
  v_key held_key;
  x record;
begin
  for x in
    select i.n::int as n, i.action, i.given, i.own_id, k.*
    from unnest(
      invocation_action, invocation_definition, invocation_actor_id, invocation_due, name_own_id, name_key, name_given
    ) with ordinality as i(action, definition, actor_id, due, own_id, key, given, n)
    cross join lateral (
      select 0 /* KeyKind.id */ as kind, '' as definition, '' as actor_id, i.action::text as key,
        null::timestamptz as free_at
      where i.own_id
      union all
      select 1 /* KeyKind.idempotency */, i.definition, i.actor_id, i.key,
        greatest(i.due, p_now) + p_kept_ms * interval '1 millisecond'
      where i.key is not null
    ) k(kind, definition, actor_id, key, free_at)
    order by
      k.kind, k.definition collate "C", k.actor_id collate "C", k.key collate "C", i.n
  loop
    loop
      insert into action_keys (definition, actor_id, kind, key, action, given, created_at, free_at)
      values (x.definition, x.actor_id, x.kind, x.key, x.action, x.given, p_now, x.free_at)
      on conflict do nothing
      returning ctid into v_place;
      v_is_new := found;
      exit when v_is_new;
      select a.definition, a.actor_id, a.kind, a.key, a.action, a.given, a.created_at, a.free_at into v_key
      from action_keys a
      where a.definition = x.definition and a.actor_id = x.actor_id and a.kind = x.kind and a.key = x.key;
      if found then
        exit when (v_key.free_at <= p_now) is not true;
        -- locked, it is as somebody may just have left it
        select a.definition, a.actor_id, a.kind, a.key, a.action, a.given, a.created_at, a.free_at into v_key
        from action_keys a
        where a.definition = x.definition and a.actor_id = x.actor_id and a.kind = x.kind and a.key = x.key
        for update;
        if found then
          exit when (v_key.free_at <= p_now) is not true
            or (key_free_at(v_key.action, p_now, p_kept_ms) <= p_now) is not true;
          delete from action_keys a
          where a.definition = x.definition and a.actor_id = x.actor_id and a.kind = x.kind and a.key = x.key;
          v_gone := v_gone || v_key;
        end if;
      end if;
    end loop;
    if v_is_new then
      v_added := v_added || v_place;
    elsif v_key.given is distinct from x.given or (v_met[x.n] and v_key.action <> v_named[x.n]) then
      delete from action_keys a where a.ctid = any(v_added);
      insert into action_keys (definition, actor_id, kind, key, action, given, created_at, free_at)
      select g.definition, g.actor_id, g.kind, g.key, g.action, g.given, g.created_at, g.free_at from unnest(v_gone) g;
      return query select x.n, v_key.action, x.kind::smallint;
      return;
    else
      -- the id that came with a key stays free
      if x.kind = 1 /* KeyKind.idempotency */ and x.own_id and not v_met[x.n] then
        delete from action_keys a
        where a.definition = '' and a.actor_id = '' and a.kind = 0 /* KeyKind.id */ and a.key = x.action::text;
      end if;
      v_named[x.n] := v_key.action;
      v_met[x.n] := true;
    end if;
  end loop;

  v_which := array(select m.n::int from unnest(v_met) with ordinality m(met, n) where not m.met);
  if cardinality(v_which) > 0 then
    perform enqueue(
      p_now, p_again, v_which, invocation_queue, invocation_action, invocation_definition, invocation_actor_id,
      invocation_arguments, invocation_lane, invocation_lanes, invocation_checksum_key, invocation_checksum,
      invocation_timeout, invocation_parent, invocation_parent_step, invocation_depth, invocation_ordered,
      invocation_prepared, invocation_priority, invocation_due, invocation_tags, invocation_trace,
      invocation_tenant, invocation_token);
  end if;
  return query
    select m.n::int, m.action, null::smallint
    from unnest(v_met, v_named) with ordinality m(met, action, n)
    where m.met;
end $$;
