-- A live action as an explanation names it, with whether it unwinds.
-- For other functions only: it inherits their search path and their settings.
create function shown_live(p_id uuid) returns jsonb
language plpgsql stable as $$
begin
  return coalesce(
    (
      select jsonb_build_object(
        'id', l.id, 'definition', l.definition, 'actorId', l.actor_id,
        'since', extract(epoch from l.started_at) * 1000,
        'unwinding',
        l.unwinds is not null
          or (
            l.outcome is not null and l.verdict ->> '_tag' is distinct from 'ends'
            and l.phase in (1 /* Phase.waiting */, 5 /* Phase.unwinding */, 7 /* Phase.closing */)))
      from live_actions l
      where l.id = p_id
    ),
    jsonb_build_object('id', p_id, 'unwinding', false));
end $$;
