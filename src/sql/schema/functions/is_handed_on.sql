-- Whether what a slot was settled with is a part of its action's result: its last step has given the place of that.
-- For other functions only: it inherits their search path and their settings.
create function is_handed_on(p_action uuid, p_step int, p_slot int) returns boolean
language plpgsql stable as $$
begin
  return coalesce((
    select s.idx = p_step and strpos(s.result::text, '{"$slot": ' || p_slot || '}') > 0
    from steps s
    where s.action = p_action and s.kind <> 5 /* StepKind.compensation */
    order by s.idx desc
    limit 1), false);
end $$;
