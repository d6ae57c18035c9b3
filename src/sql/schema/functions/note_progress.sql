-- Stores what running steps say of themselves, as far as their actions are still at these steps, under this token; one
-- that somebody has locked says it again later. The step's number and attempt stand beside it, so that nothing has to
-- clear it when the step ends.
create function note_progress(
  p_token bigint, note_action uuid[], note_step int[], note_attempt int[], note_value jsonb[])
returns void language plpgsql set search_path from current as $$
begin
  -- whoever takes the token away passes by what is locked: it waits for this to end
  perform 1 from workers where token = p_token for key share;
  with noted as materialized (
    select l.ctid as place, x.step, x.attempt, x.value
    from unnest(note_action, note_step, note_attempt, note_value) as x(action, step, attempt, value)
    cross join lateral (
      select l.ctid
      from live_actions l
      where
        l.id = x.action and l.token = p_token and l.step = x.step
        and l.phase in (0 /* Phase.step */, 5 /* Phase.unwinding */)
      for update skip locked
    ) l
  )
  update live_actions l
  set progress = jsonb_build_object('step', n.step, 'attempt', n.attempt, 'value', n.value)
  from noted n
  where l.ctid = n.place;
end $$;
