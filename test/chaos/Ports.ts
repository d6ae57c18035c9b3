/**
 * What comes from outside more than once, under chaos: ships that are asked for and completed under keys, are heard of and given longer, are
 * retried when they have failed, and are cancelled by the dozen; what undoes them has children, and crates that others count on, too, whose
 * undoing has a time. That each of that has come to one thing is for the audit (`portRules`).
 */
import { Effect, type Layer, Schedule, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { type ActionHandle, ActionRepo, type Engine, Step, Stepped } from "stepped"

class Sunk extends Schema.TaggedError<Sunk>()("Sunk", {}) {}
class Port extends Stepped.Actor<Port>()("Port", { id: Schema.Int }) {}

export const portTables: ReadonlyArray<string> = [
  // with the end of the step that has done it, under the key that another system would have been given
  "create table chaos.loaded (key text not null)"
]

/** How many ships can be cancelled together. */
const fleets = 20
const why = { by: "chaos", reason: "chaos" }
const takes = (millis: number) => Effect.sleep(Math.random() * millis)
const soon = { schedule: Schedule.spaced("50 millis"), times: 2 }
const loads = Effect.gen(function*() {
  const { idempotencyKey } = yield* Step
  const sql = yield* SqlClient.SqlClient
  yield* Effect.orDie(sql`insert into chaos.loaded ${sql.insert({ key: idempotencyKey })}`)
  yield* takes(200)
})

const unload = Stepped.action("unload", { arguments: [Schema.Int], concurrencyKey: (n) => `unload ${n}` })
  .step("unload", () => takes(200))
/** Ships that sail together have one: they join, or have what was achieved. */
const crate = Stepped.action("crate", {
  arguments: [Schema.Int],
  concurrencyKey: (n) => `crate ${n}`,
  checksum: (n) => n,
  compensation: { timeout: "2 seconds" }
}).step("fill", () => takes(200), { compensate: { run: () => takes(200), retry: soon } })
const ship = Stepped.action("outboundShip", {
  arguments: [Schema.Int],
  success: Schema.Int,
  error: Sunk,
  outbound: true,
  concurrencyKey: (n) => `ship ${n}`,
  timeout: "20 seconds",
  heartbeatTimeout: "4 seconds",
  compensateWhen: ({ status }) => status !== "timed_out"
})
  .step("load", () => loads, {
    transactional: true,
    compensate: { run: (_, n) => Step.do(unload, n), retry: soon, timeout: "3 seconds" }
  })
  .step("crates", (n) => Effect.all([0, 1].map((i) => Step.do(crate, 2 * Math.floor(n / 3) + i))), {
    unwind: true,
    retry: soon
  })
  .step(
    "clear",
    () => Effect.andThen(takes(300), Effect.suspend(() => Math.random() < 0.2 ? Effect.fail(new Sunk()) : Effect.void))
  )
const ports = Stepped.actions(Port, [unload, crate, ship])

export const portsLive: Layer.Layer<never, never, Engine | SqlClient.SqlClient> = ports.layer

/** Under its key it is one, however often it is asked for. */
export const sendShip = (n: number): Effect.Effect<ActionHandle<number, Sunk>, unknown, Engine> =>
  Stepped.with({ idempotencyKey: `ship ${n}`, tags: [`fleet ${n % fleets}`] }).enqueue(Port.ref(n), ship, n)

type Tried = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A | undefined, never, R>

/** As soon as it has begun, with an outcome that is the same each time, and some twice. */
const completes = (id: string, n: number, key: string, tried: Tried) => {
  const outcome = n % 4 === 0 ? Stepped.Outcome.failed(new Sunk()) : Stepped.Outcome.succeeded(n)
  const completed = Stepped.complete(id, ship, outcome, { key }).pipe(
    Effect.as(true),
    Effect.catchTag("NotStarted", () => Effect.succeed(false))
  )
  return Effect.gen(function*() {
    for (let tries = 0; tries < 20; tries++) {
      if ((yield* tried(completed)) === true) break
      yield* takes(500)
    }
    if (Math.random() < 0.5) yield* tried(completed)
  })
}

/** What comes from outside while it is under way. */
export const tends = ({ cancel, id }: ActionHandle<number, Sunk>, n: number, tried: Tried) =>
  Effect.gen(function*() {
    for (const beat of [0, 1, 2]) {
      yield* takes(500)
      yield* tried(Stepped.heartbeat(id, { beat }))
    }
    if (Math.random() < 0.3) yield* tried(Stepped.extendTimeout(id, "1 second"))
    if (Math.random() < 0.2) yield* tried(cancel(why))
    // of some nothing is heard any more
    if (Math.random() < 0.9) yield* completes(id, n, `${n} done`, tried)
  })

/** Most that have not arrived go on, once: gives what is wrong with that. */
export const sailsAgain = ({ id }: ActionHandle<number, Sunk>, n: number, tried: Tried) =>
  Effect.gen(function*() {
    const repo = yield* ActionRepo
    if (Math.random() < 0.3) return undefined
    const first = yield* tried(repo.retry(id, why))
    const again = yield* tried(repo.retry(id, why))
    const ids = [first, again].flatMap((verb) =>
      verb?._tag === "Retried" || verb?._tag === "AlreadyRetried" ? [verb.id] : []
    )
    if (ids.length > 0) yield* completes(ids[0]!, n, `${n} again`, tried)
    return new Set(ids).size > 1 ? `two go on for ship ${n}: ${ids.join()}` : undefined
  })

/** Some of those that are under way are cancelled by an action of the engine's own. */
export const recalls = (tried: Tried) =>
  Effect.gen(function*() {
    yield* takes(3000)
    const meant = { tag: `fleet ${Math.floor(Math.random() * fleets)}`, action: ship } as const
    const plan = yield* tried(Stepped.forMany(meant, { verb: "Stepped.cancel" }))
    if (plan === undefined) return
    for (const _ of [1, 2]) yield* tried(plan.start({ ...why, batch: 3 }))
  })

export const portRules: ReadonlyArray<readonly [rule: string, query: string]> = [
  [
    "14.1: what is enqueued under a key is there once",
    `select arguments->>0, count(*) || ' times' from stepped.ended_actions
      where definition = 'Port/outboundShip' and retry_of is null group by arguments->>0 having count(*) > 1`
  ],
  [
    "12.1: a key completes what it was meant for",
    `select k.action, k.key from stepped.action_keys k join stepped.ended_actions e on e.id = k.action
      where k.kind = 2 and k.definition = 'Port/outboundShip' and (e.definition <> k.definition or split_part(k.key, ' ', 1) <> e.arguments->>0
        or (split_part(k.key, ' ', 2) = 'again') <> (e.retry_of is not null))`
  ],
  [
    "18.1: one action goes on for another",
    "select retry_of, count(*) || ' times' from stepped.ended_actions where retry_of is not null group by retry_of having count(*) > 1"
  ],
  [
    "18.1: what was done under a key is not done again",
    "select key, count(*) || ' times' from chaos.loaded group by key having count(*) > 1"
  ],
  [
    "10.5: what is to stay is not undone",
    `select e.id, t.name from stepped.ended_actions e join stepped.steps t on t.action = e.id and t.undoes is not null
      where e.definition = 'Port/outboundShip' and e.status = 6`
  ],
  [
    "10.4: what others count on is kept",
    `select e.id, t.name from stepped.ended_actions e join stepped.steps t on t.action = e.id and t.undoes is not null and t.status = 2
      where e.definition = 'Port/crate' and e.status = 2 and e.undo & 2 <> 0`
  ],
  [
    "18.4: what is said to be cancelled of many is",
    `select target, through::text from stepped.operations o where through is not null and target <> through::text and outcome = 'done'
      and not exists (select 1 from stepped.ended_actions e where e.id::text = o.target and e.status = 4)`
  ]
]
