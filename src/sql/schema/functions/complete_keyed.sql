-- Completes one action from outside under a key of its definition's and its actor's: who comes with the key once more
-- gets the action that it has completed, whatever performs by then, or a conflict, if the outcome is another one. The
-- key's row is written with the completion, or not at all. It comes before the lane: whoever meets a key that is not
-- committed waits for that transaction, and holds nothing that others need meanwhile.
create function complete_keyed(
  p_token bigint, p_now timestamptz, p_definitions text[], p_first_steps text[], p_flags smallint[], p_id uuid,
  p_definition text, p_actor_id text, p_status smallint, p_result jsonb, p_cause jsonb, p_key text, p_given text,
  p_held_until timestamptz, p_step int, p_attempt int, p_trace text)
returns setof answer language plpgsql set search_path from current as $$
declare
  ids uuid[];
  v_id uuid := p_id;
  v_definition text := p_definition;
  v_actor_id text := p_actor_id;
  is_over boolean;
  k record;
  a answer;
begin
  perform require_read_committed();
  if p_id is not null then
    select x.definition, x.actor_id into v_definition, v_actor_id from named_by(p_id) x;
    if v_definition is null then
      -- the key may be held for longer than there is anything of what it has completed
      select x.definition, x.actor_id
      into v_definition, v_actor_id
      from action_keys x
      where x.action = p_id and x.kind = 2 /* KeyKind.completion */ and x.key = p_key;
    end if;
    if v_definition is null
      or (p_actor_id is null and split_part(v_definition, '/', 2) <> p_definition)
      or (p_actor_id is not null and (v_definition, v_actor_id) <> (p_definition, p_actor_id)) then
      return query select * from complete(
        p_token, p_now, p_definitions, p_first_steps, p_flags, p_id, p_definition, p_actor_id, p_status, p_result,
        p_cause, true, true, p_step, p_attempt, p_trace);
      return;
    end if;
  end if;

  loop
    -- before the key is looked at: where somebody has just completed it, the key is seen after that
    if p_id is null then ids := performing_outside(p_definition, p_actor_id);
    else is_over := exists (select 1 from ended_actions where id = p_id);
    end if;
    select x.action, x.given
    into k
    from action_keys x
    where
      x.definition = v_definition and x.actor_id = v_actor_id and x.kind = 2 /* KeyKind.completion */
      and x.key = p_key;
    if found then
      return next row(
        -6 /* Kind.verdict */, k.action, v_definition, v_actor_id, null,
        case
          when k.given = p_given and (p_id is null or k.action = p_id) then 7 /* Verdict.repeated */
          else 8 /* Verdict.conflict */ end,
        0, 0, 0, null)::answer;
      return;
    end if;
    if p_id is null then
      if cardinality(ids) <> 1 then
        return next case cardinality(ids)
          when 0 then news(-6 /* Kind.verdict */, null, 0 /* Verdict.none */)
          else news(-6 /* Kind.verdict */, null, 2 /* Verdict.ambiguous */, to_json(ids)) end;
        return;
      end if;
      v_id := ids[1];
    elsif is_over then
      return next news(-6 /* Kind.verdict */, p_id, 4 /* Verdict.over */);
      return;
    end if;
    insert into action_keys (definition, actor_id, kind, key, action, given, created_at, held_until)
    values (v_definition, v_actor_id, 2 /* KeyKind.completion */, p_key, v_id, p_given, p_now, p_held_until)
    on conflict do nothing;
    exit when found;
  end loop;

  for a in
    select * from complete(
      p_token, p_now, p_definitions, p_first_steps, p_flags, v_id, v_definition, v_actor_id, p_status, p_result,
      p_cause, true, true, p_step, p_attempt, p_trace)
  loop
    if a.kind = -6 /* Kind.verdict */ and a.step <> 1 /* Verdict.done */ then
      delete from action_keys x
      where
        x.definition = v_definition and x.actor_id = v_actor_id and x.kind = 2 /* KeyKind.completion */
        and x.key = p_key;
    end if;
    return next a;
  end loop;
end $$;
