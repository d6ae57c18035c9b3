/**
 * A second opinion on what the engine writes: triggers on its tables note every change with the transition that made it, the token it was
 * made under, and what was left of that token's lease. The engine knows nothing of it.
 *
 * The notes are written in the same transactions: what was rolled back left none.
 */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { bellTables } from "./Bells.ts"
import { charterRules, charterTables } from "./Charters.ts"
import { portRules, portTables } from "./Ports.ts"
import { voyageRules, voyageTables } from "./Voyages.ts"

/** The transitions, all of which take a token first and give tasks. */
const transitions = ["claim", "finish", "complete", "tick", "cancel_abandoned", "break_deadlocks"]

const statements: ReadonlyArray<string> = [
  "create schema chaos",
  // what transactional steps do, once each; no constraint would tell of a second time
  "create table chaos.effects (entry text not null)",
  // transactional steps that ended their own action, with that end
  "create table chaos.ended (entry text not null, status text not null)",
  ...voyageTables,
  ...portTables,
  ...charterTables,
  ...bellTables,
  // enqueued with its action in one transaction
  "create table chaos.orders (place text not null)",
  `create table chaos.notes (
    seq bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    tx xid8 not null default pg_current_xact_id(),
    -- which transactions were over by then: of two that wait for one another the numbers above do not tell
    seen pg_snapshot not null default pg_current_snapshot(),
    what text not null,
    action uuid not null,
    step int,
    slot int,
    -- status, phase, step, outcome and attempt of an action; the status of a step, whose attempt is the slot, or of a slot
    was int[],
    is_now int[],
    held_by bigint,
    held_next bigint,
    transition text,
    token bigint,
    lease_left float8
  )`,
  // each transition says who it is before it begins
  ...transitions.map((name) =>
    `do $do$ declare f record; begin
      select oid, pg_get_function_identity_arguments(oid) as identity, pg_get_function_arguments(oid) as declared,
          proargnames[1:pronargs] as names into strict f
        from pg_proc where pronamespace = 'stepped'::regnamespace and proname = '${name}';
      execute format('alter function stepped.${name}(%s) rename to ${name}_itself', f.identity);
      execute format($wrapper$
        create function stepped.${name}(%s) returns setof stepped.answer language plpgsql as $body$ begin
          perform set_config('chaos.transition', '${name} ' || coalesce(p_token::text, '') || ' ' || coalesce((
            select extract(epoch from lease_until - clock_timestamp()) from stepped.workers where token = p_token), -1)::text, true);
          perform set_config('chaos.snapshot', pg_current_snapshot()::text, true);
          return query select * from stepped.${name}_itself(%s);
        end $body$ $wrapper$, f.declared, array_to_string(f.names, ', '));
    end $do$`
  ),
  // what upkeep heals is some transition's mistake
  "alter function stepped.heal(timestamptz, int, int, text) rename to heal_itself",
  `create function stepped.heal(p_now timestamptz, p_page int, p_pages int, p_by text default null) returns table (action uuid, definition text, actor_id text, phase smallint, next int) language sql as $$
    with h as (select * from stepped.heal_itself(p_now, p_page, p_pages, p_by)),
    n as (insert into chaos.notes (what, action) select 'healed', h.action from h where h.action is not null)
    select * from h
  $$`,
  `create function chaos.note(p_what text, p_action uuid, p_step int, p_slot int, p_was int[], p_now int[], p_held bigint, p_next bigint) returns void language sql as $$
    insert into chaos.notes (what, action, step, slot, was, is_now, held_by, held_next, transition, token, lease_left)
    select p_what, p_action, p_step, p_slot, p_was, p_now, p_held, p_next, nullif(split_part(by, ' ', 1), ''), nullif(split_part(by, ' ', 2), '')::bigint, nullif(split_part(by, ' ', 3), '')::float8
    from coalesce(current_setting('chaos.transition', true), '') as by
  $$`,
  `create function chaos.note_live() returns trigger language plpgsql as $$ begin
    -- what has ended, and is unwound by its parent, has a row once more
    if coalesce(new.unwinds, old.unwinds) is not null then
      if tg_op <> 'UPDATE' then
        perform chaos.note(case tg_op when 'INSERT' then 'unwinding' else 'unwound' end, coalesce(new.id, old.id), null, null, null, null, old.token, new.token);
      end if;
    elsif tg_op = 'INSERT' then
      perform chaos.note('begins', new.id, null, null, null, array[new.status, new.phase, new.step, new.outcome, new.step_attempt], null, new.token);
    elsif tg_op = 'DELETE' then
      perform chaos.note('leaves', old.id, null, null, array[old.status, old.phase, old.step, old.outcome, old.step_attempt], null, old.token, null);
    elsif (old.status, old.phase, old.step, old.outcome, old.token) is distinct from (new.status, new.phase, new.step, new.outcome, new.token) then
      perform chaos.note('changes', new.id, null, null, array[old.status, old.phase, old.step, old.outcome, old.step_attempt], array[new.status, new.phase, new.step, new.outcome, new.step_attempt], old.token, new.token);
    end if;
    return null;
  end $$`,
  "create trigger noted after insert or update or delete on stepped.live_actions for each row execute function chaos.note_live()",
  `create function chaos.note_ended() returns trigger language plpgsql as $$ begin
    if tg_op = 'UPDATE' and to_jsonb(old) - '{unwound,undo}'::text[] = to_jsonb(new) - '{unwound,undo}'::text[] then return null; end if;
    perform chaos.note(case tg_op when 'INSERT' then 'ended' else 'ended and ' || lower(tg_op) end, coalesce(new.id, old.id), null, null, null, array[new.status], null, null);
    return null;
  end $$`,
  "create trigger noted after insert or update or delete on stepped.ended_actions for each row execute function chaos.note_ended()",
  `create function chaos.note_step() returns trigger language plpgsql as $$ begin
    -- what undoes an action as a whole undoes no step
    if exists (select 1 from stepped.live_actions l where l.id = new.action and l.unwinds is not null) then return null; end if;
    if tg_op = 'INSERT' then perform chaos.note('step', new.action, new.idx, new.attempt, null, array[new.status], null, null);
    elsif old.status <> new.status then perform chaos.note('step ends', new.action, new.idx, null, array[old.status], array[new.status], null, null); end if;
    return null;
  end $$`,
  "create trigger noted after insert or update on stepped.steps for each row execute function chaos.note_step()",
  `create function chaos.note_slot() returns trigger language plpgsql as $$ begin
    if exists (select 1 from stepped.live_actions l where l.id = new.action and l.unwinds is not null) then return null; end if;
    if old.status is distinct from new.status then perform chaos.note('slot', new.action, new.step, new.slot, array[old.status], array[new.status], null, null); end if;
    return null;
  end $$`,
  "create trigger noted after update on stepped.slots for each row execute function chaos.note_slot()",
  // who begins in a named lane: under its lock, and so with all who are before them and beside them in sight
  `create function chaos.note_seat() returns trigger language plpgsql as $$ begin
    if old.seat is not null or new.seat is null then return null; end if;
    if new."limit" < (select count(*) from stepped.seats s where s.lane = new.lane and s.seat is not null) then
      perform chaos.note('too many', new.action, null, null, null, null, null, null);
    end if;
    if exists (select 1 from stepped.seats s where s.lane = new.lane and s.seat is null and (s.priority, s.place) < (new.priority, new.place)) then
      perform chaos.note('overtakes', new.action, null, null, null, null, null, null);
    end if;
    return null;
  end $$`,
  "create trigger noted after update on stepped.seats for each row execute function chaos.note_seat()",
  // at the end of the transaction: all of its lanes or none, and no start against a pause that was there when the transition began
  `create function chaos.note_lanes() returns trigger language plpgsql as $$ declare l record; begin
    select a.*, (select count(*) from stepped.seats s where s.action = a.id) as places,
        (select count(*) from stepped.seats s where s.action = a.id and s.seat is not null) as taken
      into l from stepped.live_actions a where a.id = new.id;
    if not found then return null; end if;
    if l.lanes is not null and (
        (l.places <> cardinality(l.lanes) and (l.outcome is null or l.places > 0))
        or l.taken not in (0, l.places) or (l.outcome is null and (l.taken > 0) <> (l.status = 1))) then
      perform chaos.note('partly', new.id, null, null, null, array[l.places, l.taken, l.status]::int[], null, null);
    end if;
    if l.status = 1 and l.started_at is distinct from (case when tg_op = 'UPDATE' then old.started_at end)
        and coalesce(current_setting('chaos.snapshot', true), '') <> '' and exists (
          select 1 from stepped.pauses p where pg_visible_in_snapshot(p.xmin::text::xid8, current_setting('chaos.snapshot')::pg_snapshot)
            and (p.kind = 'lane' and (p.subject = l.lane or p.subject = any(l.lanes))
              or l.lanes is not null and (p.kind = 'everything' or (p.kind = 'queue' and p.subject = l.queue) or (p.kind = 'definition' and p.subject = l.definition)))) then
      perform chaos.note('begins though paused', new.id, null, null, null, null, null, null);
    end if;
    return null;
  end $$`,
  "create constraint trigger lanes after insert or update on stepped.live_actions deferrable initially deferred for each row execute function chaos.note_lanes()",
  `create function chaos.note_starts() returns trigger language plpgsql as $$ declare
    n int := cardinality(new.starts); rate int := (new.settings->>'rate')::int;
  begin
    if rate is null or new.starts is not distinct from old.starts then return null; end if;
    if new.starts[n] < old.starts[cardinality(old.starts)]
        or new.starts[n] < old.starts[cardinality(old.starts) - rate + 1] + (new.settings->>'per')::bigint * interval '1 millisecond' then
      perform chaos.note('too fast', (select action from stepped.seats where lane = new.lane and seat is not null limit 1), null, null, null, null, null, null);
    end if;
    return null;
  end $$`,
  "create trigger noted after update on stepped.named_lanes for each row execute function chaos.note_starts()"
]

/** Notes everything from now on, in a database that the engine's tables are in. */
export const install = Effect.flatMap(
  SqlClient.SqlClient,
  (sql) => Effect.forEach(statements, (statement) => sql.unsafe(statement), { discard: true })
)

const rules: ReadonlyArray<readonly [rule: string, query: string]> = [
  ...voyageRules,
  ...portRules,
  ...charterRules,
  [
    "nothing has to be healed",
    "select action, count(*) || ' times' from chaos.notes where what = 'healed' group by action"
  ],
  [
    "an action ends once",
    "select action, count(*) || ' times' from chaos.notes where what = 'ended' group by action having count(*) > 1"
  ],
  [
    "history does not change",
    "select action, what from chaos.notes where what like 'ended and %'"
  ],
  [
    "nothing happens to an action that has ended",
    `select n.action, n.what || coalesce(' in ' || n.transition, '') from chaos.notes n join chaos.notes e on e.action = n.action and e.what = 'ended'
      where n.tx <> e.tx and pg_visible_in_snapshot(e.tx, n.seen) and n.what not in ('unwinding', 'unwound')`
  ],
  [
    // one that turns out to be achieved already gives its lane back within the transition
    "an action begins once",
    `select b.action, count(*) || ' times' from chaos.notes b where b.what = 'begins' and not exists (select 1 from chaos.notes g where g.action = b.action and g.tx = b.tx and g.what = 'leaves'
        and not exists (select 1 from chaos.notes e where e.action = b.action and e.tx = b.tx and e.what = 'ended'))
      group by b.action having count(*) > 1`
  ],
  [
    "an action that leaves ends, or has not begun",
    `select g.action, coalesce(g.transition, '') from chaos.notes g where g.what = 'leaves'
      and not exists (select 1 from chaos.notes o where o.action = g.action and o.tx = g.tx and o.what in ('ended', 'begins'))`
  ],
  [
    "an action is promoted once",
    "select action, count(*) || ' times' from chaos.notes where what = 'changes' and was[1] = 0 and is_now[1] = 1 group by action having count(*) > 1"
  ],
  [
    "a performing action is never pending again",
    // one that takes a lane that is paused gives up performing within the transition
    `select n.action, n.transition from chaos.notes n where n.what = 'changes' and n.was[1] = 1 and n.is_now[1] = 0
      and not exists (select 1 from chaos.notes b where b.action = n.action and b.tx = n.tx and b.what = 'begins')`
  ],
  [
    "15.2: never more than the limit perform in a named lane",
    "select action, transition from chaos.notes where what = 'too many'"
  ],
  ["15.5: nobody overtakes in a line", "select action, transition from chaos.notes where what = 'overtakes'"],
  [
    "15.5: all lanes of an action are taken, or none",
    "select action, is_now::text || ' ' || coalesce(transition, '') from chaos.notes where what = 'partly'"
  ],
  ["15.6: no more start than the rate allows", "select action, transition from chaos.notes where what = 'too fast'"],
  [
    "15.8: nobody begins who is paused",
    "select action, transition from chaos.notes where what = 'begins though paused'"
  ],
  [
    "14.1: tags are those that an action was enqueued with",
    "select id, tags::text from stepped.ended_actions where definition like 'Truck/%' and tags is distinct from array[arguments->>0]"
  ],
  [
    "an outcome is fixed once",
    "select action, transition from chaos.notes where what = 'changes' and was[4] is not null and is_now[4] is distinct from was[4]"
  ],
  [
    "steps only go forward",
    "select action, was::text || ' to ' || is_now::text from chaos.notes where what = 'changes' and is_now[3] < was[3]"
  ],
  [
    // but that an execution is suspended, and goes on
    "no transition happens twice",
    `select action, was::text || ' ' || count(*) || ' times' from chaos.notes where what = 'changes' and was[2:4] is distinct from is_now[2:4]
      and 8 not in (was[2], is_now[2])
      group by action, was having count(*) > 1`
  ],
  [
    // one that has waited, and was to begin again when its action was ended, is stored once more, as cancelled in the attempt that it came to
    "a step is stored once",
    "select action, step || ', ' || count(*) || ' times' from chaos.notes where what = 'step' and is_now[1] <> 4 group by action, step, slot having count(*) > 1"
  ],
  [
    "a step ends once",
    "select action, step || ', ' || count(*) || ' times' from chaos.notes where what = 'step ends' or (what = 'step' and is_now[1] <> 1) group by action, step having count(*) > 1"
  ],
  [
    "a step that has ended stays as it is",
    "select action, step::text from chaos.notes where what = 'step ends' and was[1] <> 1"
  ],
  [
    "a slot is settled once",
    "select action, step || ':' || slot || ' ' || coalesce(was[1]::text, '') || ' to ' || coalesce(is_now[1]::text, '') from chaos.notes where what = 'slot' and (was[1] is not null or is_now[1] is null)"
  ],
  [
    "a worker's conclusion counts for what it holds",
    `select action, concat_ws(' ', what, was::text, 'of', held_by, 'by', token) from chaos.notes where transition = 'finish' and what in ('changes', 'leaves')
      and held_by is distinct from token and not (held_by is null and (was[1] = 0 or was[2] in (1, 8)))`
  ],
  [
    "nobody takes what somebody holds",
    `select action, concat_ws(' ', what, transition, 'of', held_by, 'for', held_next) from chaos.notes where what = 'changes' and held_by <> held_next`
  ],
  [
    "whoever takes over changes nothing else",
    `select action, concat_ws(' ', was::text, 'to', is_now::text) from chaos.notes where what in ('changes', 'leaves') and transition is null
      and not (what = 'changes' and was is not distinct from is_now and held_next is null)
      -- who decides of a step that is held has it begin again, or be concluded
      and not (what = 'changes' and was[2] = 6 and is_now = array[was[1], 0, was[3], was[4], was[5]] and exists (
        select 1 from stepped.operations o where o.target = action::text and o.outcome = 'done' and o.step = was[3] and o.attempt = was[5]))`
  ],
  [
    "whoever writes as a worker has its lease",
    `select action, concat_ws(' ', what, transition, 'by', token, 'whose lease was over since', -lease_left, 's') from chaos.notes
      where transition in ('claim', 'finish') and lease_left < 0`
  ],
  [
    // bodies take a second at most, or some for a connection of the pool that others keep; leases two, and a database that is away is back in
    // a few; all of them take longer where the machine is busy. What asks for a verb on many goes through them one after another
    "whoever holds an action goes on with it",
    `select action, concat_ws(' ', 'held by', held_next, 'for', until - at) from (
        select action, at, held_next, lead(at, 1, clock_timestamp()) over (partition by action order by seq) as until from chaos.notes where what in ('begins', 'changes', 'leaves')) x
      where held_next is not null and until - at > interval '40 s'
        and not exists (select 1 from stepped.ended_actions e where e.id = action and e.definition = 'Stepped/forMany')`
  ],
  [
    "every time is the database's, whatever the machines' clocks say",
    `select e.id, 'ended at ' || e.ended_at || ', in truth at ' || n.at from chaos.notes n join stepped.ended_actions e on e.id = n.action
      where n.what = 'ended' and (abs(extract(epoch from e.ended_at - n.at)) > 30 or e.started_at > n.at + interval '30 s' or e.started_at < e.enqueued_at - interval '30 s')`
  ]
]

/** The names of the rules. */
export const ruleNames: ReadonlyArray<string> = rules.map(([rule]) => rule)

/** What the notes tell of broken rules, each with a few of those that break it. */
export const broken = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql.unsafe("create index if not exists notes_action on chaos.notes (action, what)")
  yield* sql.unsafe("analyze chaos.notes")
  const rows = yield* sql.unsafe<{ readonly rule: number; readonly count: number; readonly some: string }>(
    rules.map(([, query], i) =>
      `select ${i} as rule, count(*)::int as count, string_agg(x.action || ' ' || coalesce(x.detail, ''), '; ') filter (where x.nr <= 5) as some
        from (select y.*, row_number() over () as nr from (${query}) y(action, detail)) x having count(*) > 0`
    ).join("\nunion all\n")
  )
  return rows.map(({ count, rule, some }) => `${rules[rule]![0]}; against it ${count}: ${some}`)
})

/** How much was noted. */
export const noted = Effect.flatMap(
  SqlClient.SqlClient,
  (sql) => Effect.map(sql.unsafe<{ n: number }>("select count(*)::int as n from chaos.notes"), (rows) => rows[0]!.n)
)

/** What is there of an action, and what was noted of it in its order: for whoever looks for the reason. */
export const storyOf = (id: string) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const lines = yield* sql.unsafe<{ readonly line: string }>(
      [
        "select 'action ' || (to_jsonb(a) - '{arguments}'::text[])::text as line from stepped.actions a where a.id = $1::uuid",
        "select 'step ' || to_jsonb(s)::text from stepped.steps s where s.action = $1::uuid",
        "select 'slot ' || to_jsonb(o)::text from stepped.slots o where o.action = $1::uuid",
        "select 'child ' || (to_jsonb(e) - '{arguments}'::text[])::text from stepped.ended_actions e where e.parent = $1::uuid",
        "select 'operation ' || to_jsonb(o)::text from stepped.operations o where o.target = $1::uuid::text",
        `(select to_char(n.at, 'HH24:MI:SS.MS') || concat_ws(' ', '', n.what, n.step || '/' || coalesce(n.slot::text, ''), n.was::text || ' to ' || coalesce(n.is_now::text, ''), coalesce(n.is_now::text, ''), 'of ' || coalesce(n.held_by::text, '-') || ' for ' || coalesce(n.held_next::text, '-'), n.transition || ' by ' || n.token, 'in ' || n.tx::text)
          from chaos.notes n where n.action = $1::uuid order by n.seq)`
      ].join("\nunion all\n"),
      [id]
    )
    return lines.map(({ line }) => line)
  })
