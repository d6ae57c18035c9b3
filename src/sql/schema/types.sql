-- What functions hand to each other. Types belong to the functions: both are installed together.

-- What a transition answers, one row for each thing; `Kind` in src/sql/rows.ts says what the kinds mean.
create type answer as (
  kind smallint,
  action uuid,
  definition text,
  actor_id text,
  arguments jsonb,
  step int,
  phase smallint,
  attempts smallint,
  depth smallint,
  detail json
);

-- A job that a claim has locked, and where its row is. What is held or put back stays this row, with columns that are
-- not here.
create type claimed_job as (
  place tid,
  id bigint,
  queue text,
  priority smallint,
  kind smallint,
  action uuid,
  definition text,
  actor_id text,
  arguments jsonb,
  lane text,
  checksum_key text,
  checksum text,
  timeout_ms bigint,
  parent uuid,
  parent_step int,
  depth smallint,
  attempts smallint,
  enqueued_at timestamptz,
  ordered boolean,
  given jsonb,
  unread boolean,
  cancelled_at timestamptz,
  prepared boolean,
  tags text[],
  delayed_until timestamptz,
  lanes text[]
);

-- An invocation that is answered without becoming an action.
create type unstored_answer as (
  job claimed_job,
  status smallint,
  result jsonb,
  cause jsonb
);

-- What an action waits for, or where it performs: a child of a step; a lane in which it has a turn, and fewer than
-- `limit` may perform before it does; or, without these, a lane in which it performs.
create type edge_of_waiting as (
  action uuid,
  child uuid,
  step int,
  lane text collate "C",
  "limit" int,
  turn bigint,
  several boolean
);
