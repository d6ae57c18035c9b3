-- The named lanes of an invocation: those that it has entered, as they are; or, where it is only asked what would be,
-- also those that nobody is in, and with the settings that its worker has for their names (`p_settings`).
-- For other functions only: it inherits their search path and their settings.
create function entered_lanes(p_lanes text[], p_settings jsonb)
returns table (lane text, settings jsonb, starts timestamptz[])
language sql stable as $$
  select x.lane, applied_settings(x.lane, p_settings, n.settings), n.starts
  from unnest(p_lanes) x(lane)
  left join lateral (select n.settings, n.starts from named_lanes n where n.lane = x.lane offset 0) n on true
$$;
