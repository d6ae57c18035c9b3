/**
 * Sagas under chaos: voyages whose steps begin again, wait for signals and for who was given a token, have children, and are undone where they do
 * not succeed. What undoes a step commits with that, and is counted for itself; that it is done once, in its order, or said not to be, and nothing
 * of it beside a body, is for the audit (`voyageRules`).
 */
import { Duration, Effect, Layer, Redacted, Schedule, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { type ActionHandle, ActionRepo, type Engine, Step, Stepped, type Tokens } from "stepped"

class Wreck extends Schema.TaggedError<Wreck>()("Wreck", {
  /** For how long it asks not to be tried again, in ms. */
  asks: Schema.optional(Schema.Int),
  retryAfter: Schema.optional(Schema.Duration)
}) {}
class Voyage extends Stepped.Actor<Voyage>()("Voyage", { id: Schema.Int }) {}
const wind = Stepped.signal("wind", { payload: Schema.Int })
const pilot = Stepped.signal("pilot", { payload: Schema.Int, error: Wreck })

/** What a process writes down before anything else happens, at the true time. */
export type Writes = (line: string) => void

export const voyageTables: ReadonlyArray<string> = [
  // what is undone, in the order in which it was
  `create table chaos.undone (seq bigint generated always as identity primary key, action uuid not null, step text not null,
    at timestamptz not null default clock_timestamp())`,
  // what bodies were given that a step has done once
  "create table chaos.weighed (action uuid not null, weight float8 not null)",
  "create table chaos.tokens (token text not null, at timestamptz not null default now())"
]

export interface Voyages {
  readonly layer: Layer.Layer<never, never, Engine | SqlClient.SqlClient>
  readonly send: (place: number) => Effect.Effect<ActionHandle, unknown, Engine>
}

const now = () => Math.round(performance.timeOrigin + performance.now())
const takes = (millis: number) => Effect.sleep(Math.random() * millis)
/** Some ask for more time than their policies give. */
const wreck = () => {
  const asks = 100 + Math.floor(Math.random() * 200)
  return new Wreck(Math.random() < 0.3 ? { asks, retryAfter: Duration.millis(asks) } : {})
}
const maybe = (chance: number) => Effect.suspend(() => Math.random() < chance ? Effect.fail(wreck()) : Effect.void)

const tokens = Layer.orDie(
  Stepped.Tokens.layer([{ name: "chaos", secret: Redacted.make("chaos".repeat(8)) }])
)

export const makeVoyages = (writes: Writes): Voyages => {
  const query = <A, E>(asks: (sql: SqlClient.SqlClient) => Effect.Effect<A, E>) =>
    Effect.orDie(Effect.flatMap(SqlClient.SqlClient, asks))
  /** Between two lines, the second of which a process that is killed does not write. */
  const during = <A, E, R>(body: Effect.Effect<A, E, R>) =>
    Effect.flatMap(Step, ({ actionId }) =>
      Effect.acquireUseRelease(
        Effect.sync(() => {
          const mark = `${actionId} ${Math.random()}`
          writes(`sails ${mark} ${now()}`)
          return mark
        }),
        () => body,
        (mark) => Effect.sync(() => writes(`rests ${mark} ${now()}`))
      ))
  // with three tries, some fail for good: what is left then is an operator's
  const undo = (step: string, chance: number) => ({
    run: () =>
      Effect.gen(function*() {
        const { actionId } = yield* Step
        writes(`undoes ${actionId} ${now()}`)
        yield* query((sql) => sql`insert into chaos.undone ${sql.insert({ action: actionId, step })}`)
        yield* takes(100)
        yield* maybe(chance)
      }),
    transactional: true,
    retry: { schedule: Schedule.spaced("50 millis"), times: 2 }
  })
  const soon = {
    schedule: Schedule.spaced("50 millis"),
    times: 2,
    errors: { Wreck: Schedule.upTo(Schedule.spaced("80 millis"), { times: 2 }), StepTimedOut: Schedule.recurs(1) }
  }

  const tug = Stepped.action("tug", { arguments: [Schema.Int], error: Wreck, concurrencyKey: (n) => `tug ${n}` })
    .step("hitch", () => during(takes(200)), { compensate: undo("hitch", 0.7) })
    .step("pull", () => during(Effect.andThen(takes(200), maybe(0.1))), {
      retry: soon,
      compensate: undo("pull", 0.2),
      compensateFailed: undo("pull", 0.2)
    })
  const sail = Stepped.action("sail", {
    arguments: [Schema.Int],
    error: Wreck,
    signals: [wind, pilot],
    success: Schema.Array(Schema.Int),
    concurrencyKey: (n) => `voyage ${n}`,
    timeout: "20 seconds"
  })
    .step("book", () => during(Effect.andThen(takes(300), maybe(0.3))), {
      retry: soon,
      compensate: undo("book", 0.7),
      compensateFailed: undo("book", 0.7)
    })
    .step("tow", (n) => during(Effect.all([Step.do(tug, 2 * n), Step.do(tug, 2 * n + 1)])), {
      unwind: true,
      retry: soon,
      compensate: undo("tow", 0.5)
    })
    .step("wind", () =>
      during(Effect.gen(function*() {
        const all = yield* Step.received(wind)
        yield* maybe(0.2)
        return all
      })), { retry: soon, compensate: undo("wind", 0.2) })
    .step("pilot", () =>
      during(Effect.gen(function*() {
        const token = yield* Step.token(pilot)
        yield* query((sql) => sql`insert into chaos.tokens ${sql.insert({ token })}`)
        return yield* Step.waitFor(pilot)
      })), { timeout: "4 seconds", retry: soon, compensateFailed: undo("pilot", 0.2) })
    .step((_, { pilot, wind }) =>
      during(Effect.gen(function*() {
        yield* takes(300)
        yield* maybe(0.4)
        return [...wind, pilot]
      }))
    )
  // by a method, undone as a whole
  const anchor = Stepped.action("anchor", {
    arguments: [Schema.Int],
    success: Schema.Int,
    error: Wreck,
    concurrencyKey: (n) => `anchor ${n}`,
    compensate: undo("anchor", 0.5)
  })
  // up to its lock it is undone, until something cannot be; where it is stuck in that, an operator decides
  const barge = Stepped.action("barge", {
    arguments: [Schema.Int],
    error: Wreck,
    concurrencyKey: (n) => `voyage ${n}`,
    timeout: "20 seconds",
    compensation: { onFailure: "stop" }
  })
    .step(
      "load",
      () =>
        during(Effect.gen(function*() {
          yield* takes(300)
          const { actionId } = yield* Step
          const weight = yield* Step.once("weigh", Effect.sync(() => Math.random()))
          yield* query((sql) => sql`insert into chaos.weighed ${sql.insert({ action: actionId, weight })}`)
          yield* maybe(0.2)
          return weight
        })),
      { shielded: true, timeout: "5 seconds", retry: soon, compensate: undo("load", 0.7) }
    )
    .step("rope", () => during(Effect.andThen(takes(200), maybe(0.3))), {
      when: (n) => n % 3 > 0,
      mayFail: true,
      compensate: undo("rope", 0.3),
      compensateFailed: undo("rope", 0.3)
    })
    // each attempt has an anchor of its own
    .step("anchor", (n) =>
      during(Effect.gen(function*() {
        yield* Step.do(anchor, n)
        if (Math.random() < 0.3) yield* Step.markFailed
      })), { unwind: true, fresh: true, retry: soon })
    .step("lock", () => during(Effect.andThen(takes(300), maybe(0.4))), { pointOfNoReturn: true, onExhausted: "hold" })
    .step("unload", () => during(Effect.andThen(takes(300), maybe(0.4))), {
      compensate: undo("unload", 0.5),
      compensateFailed: undo("unload", 0.5)
    })
    .after((_n, { actionId, results }) =>
      Effect.flatMap(results, ({ load }) =>
        load === undefined
          ? Effect.void
          : query((sql) => sql`insert into chaos.weighed ${sql.insert({ action: actionId, weight: load })}`))
    )
  const list = Stepped.actions(Voyage, [tug, sail, anchor, barge])
  const live = list.toLayer(Effect.succeed({
    anchor: (n: number) => during(Effect.andThen(takes(200), Effect.as(maybe(0.2), n)))
  }))
  return {
    layer: Layer.provide(live, tokens),
    send: (n) => Stepped.enqueue(Voyage.ref(n), (n % 3 === 0 ? barge : sail) as typeof barge, n)
  }
}

/** Why a voyage is cancelled whose steps are not undone. */
const stays = "chaos, and all stays as it is"

/** One voyage, with all that comes from outside: signals, more than once; a cancellation; an operator who gives up. */
export const seesOff = (
  handle: ActionHandle,
  n: number,
  tried: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A | undefined, never, R>
) =>
  Effect.gen(function*() {
    const repo = yield* ActionRepo
    for (const i of handle.action === "sail" ? [0, 1, 2] : []) {
      const blows = Stepped.send(handle.id, wind, 10 * n + i, { key: `${i}` })
      yield* tried(blows)
      if (Math.random() < 0.5) yield* tried(blows)
    }
    yield* takes(2500)
    const chance = Math.random()
    if (chance < 0.2) yield* tried(handle.cancel({ reason: "chaos" }))
    else if (chance < 0.3) yield* tried(handle.cancel({ reason: stays, compensate: false }))
    if (chance < 0.05) yield* tried(repo.abandonUnwinding(handle.id, { reason: "chaos" }))
  })

/** An operator, who asks again for what could not be undone of most voyages and their tugs, and gives that up now and then. */
export const putsRight = (
  { id }: ActionHandle,
  tried: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A | undefined, never, R>
) =>
  Effect.gen(function*() {
    const repo = yield* ActionRepo
    if (Math.random() < 0.2) return
    let action = id
    for (let asked = 0; asked < 8; asked++) {
      const verb = yield* tried(repo.compensateAgain(action))
      if (verb?._tag === "NotCompensable" && verb.reason === "child") {
        action = verb.action
        continue
      }
      if (verb?._tag === "NotCompensable" && verb.reason === "nothing" && action === id) return
      action = id
      if (verb?._tag === "Compensating" && Math.random() < 0.2) {
        yield* takes(100)
        yield* tried(repo.abandonUnwinding(action, { reason: "chaos" }))
      }
      yield* takes(600)
    }
  })

/** Decides of whatever is held, in one way or another. */
export const decidesOfHeld = (
  tried: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A | undefined, never, R>
) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const repo = yield* ActionRepo
    const held = yield* tried(
      sql<{ action: string; index: number; attemptNumber: number }>`
        select action, idx as index, attempt_number as "attemptNumber" from stepped.action_steps where status = 'held'`
    )
    yield* Effect.forEach((held ?? []).filter(() => Math.random() < 0.5), (step) => {
      const chance = Math.random()
      if (chance < 0.4) return tried(repo.tryStepAgain(step))
      if (chance < 0.6) return tried(repo.skipStep(step))
      return tried(chance < 0.8 ? repo.completeStep(step, undefined) : repo.failStep(step, { reason: "chaos" }))
    }, { discard: true })
  })

/** Answers whatever tokens were given away, and some of them twice. */
export const answersTokens = (
  tried: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A | undefined, never, R>
): Effect.Effect<void, never, Engine | SqlClient.SqlClient> =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const given = yield* tried(
      sql<{ token: string }>`select token from chaos.tokens where at > now() - interval '10 seconds'`
    )
    yield* Effect.forEach((given ?? []).filter(() => Math.random() < 0.3), ({ token }) => {
      const number = [...token].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 1_000_003, 7)
      const answer = number % 5 === 0
        ? Stepped.Outcome.failed({ _tag: "Wreck" })
        : Stepped.Outcome.succeeded(1_000_000 + number)
      return tried(Stepped.receive(token, answer as never))
    }, { discard: true })
  }).pipe(Effect.provide(tokens)) as Effect.Effect<void, never, Engine | SqlClient.SqlClient> satisfies Effect.Effect<
    void,
    never,
    Engine | SqlClient.SqlClient | Tokens
  >

/** Of steps with something that undoes them, as often as it was done, and whether the cause names them. */
const undoing = `
  select e.id as action, e.status, e.unwound is not null as unwound, e.cause ->> 'reason' = '${stays}' and e.parent is null as stays, t.idx, t.name, t.status as ended, t.undo,
    (select count(*) from chaos.undone u where u.action = e.id and u.step = t.name) as done,
    (select count(*) from jsonb_array_elements(coalesce(e.unwound, e.cause) -> 'notUndone') x
      where (x ->> 'index')::int = t.idx and x ->> 'child' is null) as named,
    exists (select 1 from stepped.steps p where p.action = e.id and p.idx >= t.idx and p.undoes is null and p.status = 2 and p.undo & 4 <> 0) as past
  from stepped.ended_actions e join stepped.steps t on t.action = e.id and t.undoes is null
  where e.definition like 'Voyage/%' and t.undo is not null`

/** What was undone, by the times at which an action was unwound once it had ended: 0 before, 1 with its parent, or where an operator has asked for a root. */
const undone =
  `(select u.*, (select count(*) from chaos.notes n where n.action = u.action and n.what = 'unwinding' and n.at < u.at) as run
  from chaos.undone u)`

export const voyageRules: ReadonlyArray<readonly [rule: string, query: string]> = [
  [
    "10.1, 10.7: what has succeeded is undone once, or is named as not undone",
    `select action, concat_ws(' ', name, 'undone', done, 'named', named, 'status', status) from (${undoing}) x
      where ended = 2 and undo & 1 <> 0 and not past and done + named <> case when (status <> 2 and stays is not true) or unwound then 1 else 0 end`
  ],
  [
    "10.4: what was done as a whole is undone once with its parent, or is named as not undone, and else stays",
    `select e.id, concat_ws(' ', 'undone', u.done, 'named', n.named) from stepped.ended_actions e
      cross join lateral (select count(*) as done from chaos.undone u where u.action = e.id) u
      cross join lateral (select coalesce(jsonb_array_length(e.unwound -> 'notUndone'), 0) as named) n
      where e.definition = 'Voyage/anchor' and e.status = 2 and done + named <> case when e.unwound is not null then 1 else 0 end`
  ],
  [
    "13.1: who was cancelled so that all stays has undone nothing",
    `select e.id, string_agg(u.step, ', ') from stepped.ended_actions e join chaos.undone u on u.action = e.id
      where e.definition like 'Voyage/%' and e.cause ->> 'reason' = '${stays}' and e.parent is null group by e.id`
  ],
  [
    "9.1: each attempt of a step with fresh has children of its own",
    `select t.action, concat_ws(' ', t.attempt, 'attempts', c.count, 'children') from stepped.steps t
      join stepped.ended_actions e on e.id = t.action
      cross join lateral (select count(*) from stepped.ended_actions c where c.parent = t.action and c.definition = 'Voyage/anchor') c
      where e.definition = 'Voyage/barge' and t.name = 'anchor' and t.undoes is null and t.status = 2 and c.count <> coalesce(t.attempt, 1)`
  ],
  [
    "9.3: a step begins again no sooner than its failure asks for",
    `select t.action, concat_ws(' ', t.name, a.at ->> 'number') from stepped.steps t
      join stepped.ended_actions e on e.id = t.action
      cross join lateral jsonb_array_elements(t.attempts -> 'last') a (at)
      where e.definition like 'Voyage/%' and (a.at -> 'failure' -> 'error' ->> 'asks')::int > (a.at ->> 'nextAt')::float8 - (a.at ->> 'endedAt')::float8`
  ],
  [
    "10.5: nothing is undone before a point of no return",
    `select action, name from (${undoing}) x where past and done + named > 0`
  ],
  [
    "9.10: whoever asks for what a step has done once is given the same",
    "select action, string_agg(distinct weight::text, ' ') from chaos.weighed group by action having count(distinct weight) > 1"
  ],
  [
    "10.3: what has failed is mended once at most",
    `select action, name from (${undoing}) x where ended <> 2 and done + named > 1`
  ],
  [
    "10.1: from the last step to the first",
    `select u.action, u.step || ' before ' || n.step from ${undone} u join ${undone} n on n.action = u.action and n.run = u.run and n.seq > u.seq
      join stepped.steps s on s.action = u.action and s.name = u.step and s.undoes is null
      join stepped.steps t on t.action = n.action and t.name = n.step and t.undoes is null where s.idx < t.idx`
  ],
  [
    "10.4: children are undone before their parent's step",
    `select c.id, 'after ' || u.step from stepped.ended_actions c join chaos.undone u on u.action = c.parent and u.step = 'tow'
      join ${undone} d on d.action = c.id and d.seq > u.seq where c.definition = 'Voyage/tug' and c.status = 2 and d.run = 1`
  ],
  [
    "10.4, 18.2: what has ended is unwound with its parent once at most, and each time that an operator was told so, to its end",
    `select action, concat_ws(' ', coalesce(n.what, 'never'), 'asked', o.times) from
        (select action, string_agg(what, ', ' order by seq) as what, count(*) as events from chaos.notes where what in ('unwinding', 'unwound') group by action) n
        full join (select target::uuid as action, count(*) as times from stepped.operations where verb = 'ActionRepo.compensateAgain' and outcome = 'done' group by target) o
        using (action)
      where coalesce(n.what, '') <> rtrim(repeat('unwinding, unwound, ', coalesce(n.events, 0)::int / 2), ', ')
        or coalesce(n.events, 0) / 2 - coalesce(o.times, 0) not between 0 and (select count(parent) from stepped.ended_actions e where e.id = action)`
  ],
  [
    "18.2: what was undone again says what is left",
    `select e.id, null from stepped.ended_actions e join stepped.operations o on o.target = e.id::text
      where o.verb = 'ActionRepo.compensateAgain' and o.outcome = 'done' and e.unwound is null`
  ],
  [
    "11.3: a signal is read once",
    `select id, result::text from stepped.ended_actions e where definition = 'Voyage/sail' and status = 2
      and (select count(*) <> count(distinct x) from jsonb_array_elements(e.result) x)`
  ]
]

/** Lines of undoing that come while a body of the same action runs in a process that nobody has taken it from. */
export const undoneBeside = (
  lines: ReadonlyArray<string>,
  takenOver: (action: string, from: number, to: number) => boolean
): ReadonlyArray<string> => {
  const begun = new Map<string, number>()
  const intervals = new Map<string, Array<readonly [from: number, to: number]>>()
  const undone: Array<readonly [action: string, at: number]> = []
  for (const line of lines) {
    const [what, action, ...rest] = line.split(" ")
    if (what === "sails") begun.set(`${action} ${rest[0]}`, Number(rest[1]))
    if (what === "rests") {
      const from = begun.get(`${action} ${rest[0]}`)!
      intervals.set(action!, [...intervals.get(action!) ?? [], [from, Number(rest[1])]])
    }
    if (what === "undoes") undone.push([action!, Number(rest[0])])
  }
  return undone.flatMap(([action, at]) =>
    (intervals.get(action) ?? []).some(([from, to]) => from < at && at < to && !takenOver(action, from, at))
      ? [`${action} at ${at}`]
      : []
  )
}
