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
  passes_by uuid,
  cancelled_at timestamptz,
  prepared boolean,
  tags text[],
  trace text,
  delayed_until timestamptz,
  lanes text[],
  started_by uuid,
  started_by_step int,
  retry_of uuid
);

-- An invocation that is answered without becoming an action.
create type unstored_answer as (
  job claimed_job,
  status smallint,
  result jsonb,
  cause jsonb,
  -- by whom and when what it is answered with was achieved
  achieved_by uuid,
  achieved_at timestamptz
);

-- A key that names an action.
create type held_key as (
  definition text collate "C",
  actor_id text collate "C",
  kind smallint,
  key text collate "C",
  action uuid,
  given text collate "C",
  created_at timestamptz,
  free_at timestamptz
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

-- A place in the line of a named lane that an invocation would have.
create type asked_seat as (
  lane text collate "C",
  priority smallint,
  place bigint,
  due_at timestamptz
);
