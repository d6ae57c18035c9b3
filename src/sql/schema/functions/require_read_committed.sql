-- What a function finds under its locks it must see: from its second look on it needs the snapshot of each statement.
-- Where the level is another one it refuses, and whoever calls it states the level.
-- For other functions only: it inherits their search path and their settings.
create function require_read_committed() returns void language plpgsql as $$
begin
  if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
    raise exception 'the transaction sees only what was committed when it began'
      using errcode = 'ST001' /* isolationState */, detail = current_setting('transaction_isolation');
  end if;
end $$;
