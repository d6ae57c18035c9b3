-- A row of an answer that hands nothing over.
-- For other functions only: it inherits their search path and their settings.
create function news(p_kind int, p_action uuid default null, p_code int default 0,
p_detail json default null) returns answer
language sql immutable as $$
  select row(p_kind, p_action, null, null, null, p_code, 0, 0, 0, p_detail)::answer
$$;
