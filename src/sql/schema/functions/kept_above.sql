-- Whether something above an action that has ended is kept by its own rule (`kept_since`): as long as that is there to
-- be looked at and retried, what belongs to it is. From parent to parent, each by its key, as far as they are stored.
-- For other functions only: it inherits their search path and their settings.
create function kept_above(p_parent uuid, p_rules jsonb) returns boolean
language plpgsql stable as $$
declare
  v_id uuid := p_parent;
  x record;
begin
  while v_id is not null loop
    select e.parent, e.ended_at < kept_since(null, p_rules, e.definition, e.status) as is_old
    into x
    from ended_actions e
    where e.id = v_id;
    if not found then return false; end if;
    if x.is_old is not true then return true; end if;
    v_id := x.parent;
  end loop;
  return false;
end $$;
