-- What a live row gets when its action begins to perform: what its worker knows of the definition, the first step, and
-- its time. A timeout is armed here and nowhere else. In SQL, and so simple that it becomes a part of the statement
-- that calls it.
-- For other functions only: it inherits their search path and their settings.
create function start_performing(
  p_now timestamptz, p_definition text, p_timeout_ms bigint, p_definitions text[], p_first_steps text[],
  p_flags smallint[])
returns table (flags smallint, step_kind smallint, step_name text, prepended text, timeout_at timestamptz)
language sql stable as $$
  select
    (d.flags & 1023)::smallint,
    (d.flags >> 10)::smallint,
    split_part(d.first_step, '/', 1),
    case when d.flags >> 10 = 2 /* StepKind.prepended */ then d.first_step end,
    p_now + p_timeout_ms * interval '1 millisecond'
  from (
    select
      p_flags[array_position(p_definitions, p_definition)] as flags,
      p_first_steps[array_position(p_definitions, p_definition)] as first_step
    offset 0
  ) d
$$;
