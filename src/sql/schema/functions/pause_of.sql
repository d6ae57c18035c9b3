-- The oldest pause that holds an action back in these lanes, in its queue or by its definition, as readers see it.
-- Nulls are not looked at.
-- For other functions only: it inherits their search path and their settings.
create function pause_of(p_lanes text[], p_queue text, p_definition text) returns jsonb
language plpgsql stable as $$
begin
  return (
    select jsonb_build_object(
      'kind', p.kind, 'subject', lane_name(p.subject), 'reason', p.reason, 'by', p.by, 'since', p.since)
    from pauses p
    where
      p.kind = 'everything'
      or (p.kind = 'queue' and p.subject = p_queue)
      or (p.kind = 'definition' and p.subject = p_definition)
      or (p.kind = 'lane' and p.subject = any(p_lanes))
    order by p.since, p.kind, p.subject
    limit 1);
end $$;
