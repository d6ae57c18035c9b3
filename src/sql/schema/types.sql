-- What a transition answers, one row for each thing; `Kind` in src/sql/rows.ts says what the kinds mean.
create type task as (
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
