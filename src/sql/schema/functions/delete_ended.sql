-- Deletes history from before a time, or by rules (`kept_since`), with all that is stored of it: what may go of some
-- actions at a time (`what_goes`).
--
-- With `p_bytes` it gives what was stored of what it has deleted, each action as JSON, and deletes no more than what
-- takes so many bytes, one action at least: whoever asks for that commits when it is kept elsewhere. Rows of the
-- history are locked until then; nobody waits for them. Whoever would retry one meanwhile, or another parent that has
-- its result, is told that it is deleted, and a claim that would reuse it as an achievement fails and is tried again:
-- what keeps them elsewhere is to be short. A crash, or an answer that is lost, leaves all of them, or what is kept
-- elsewhere by then.
create function delete_ended(
  p_before timestamptz, p_below uuid, p_limit int, p_bytes int default null, p_rules jsonb default null,
  out deleted int, out below uuid, out exported text[])
language plpgsql set search_path from current as $$
declare
  ids uuid[];
begin
  -- whoever retries one of them changes nothing of its row: that is seen under its lock, by who looks again
  perform require_read_committed();
  select w.ids, w.below
  into ids, below
  from what_goes(
    p_before => p_before, p_below => p_below, p_limit => p_limit, p_rules => p_rules, p_is_plan => false) w;
  -- newer ones have gone by then: what those have superseded goes with the next call
  select cardinality(h.gone), coalesce(h.below, delete_ended.below), h.exported
  into deleted, below, exported
  from delete_history(p_before, ids, p_bytes) h;
end $$;
