/** Programs whose compensations have failed and are run again, under faults: each is done once it can be, none that was done is done again. */
import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { ActionRepo, type CompensateAgainResult, Step, Stepped } from "stepped"
import { awaited, invoke, nobody, note, program, type Root } from "./Playing.ts"
import type { Stage, Tree } from "./Trial.ts"

class NoSeat extends Schema.TaggedError<NoSeat>()("NoSeat", {}) {}
class Boat extends Stepped.Actor<Boat>()("Boat", { id: Schema.Int }) {}

/** Fails for good as long as nobody has written down that it need not. */
const onceOpen = (text: string) => ({
  run: () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const { idempotencyKey } = yield* Step
      const open = yield* Effect.orDie(sql`select 1 from effects where entry = 'opens'`)
      if (open.length === 0) return yield* Effect.fail("closed")
      yield* note(`${text} ${idempotencyKey.replace(/^[^/]*/, "")}`)
    }),
  retry: "never" as const
})
const bail = { run: () => note("once: bails"), transactional: true }
const fails = Stepped.step("fail", () => Effect.fail(new NoSeat()))

const harbour = () => "harbour"
const sail = Stepped.action("sail", { error: NoSeat, concurrencyKey: harbour })
  .step("load", () => Effect.void, { compensate: onceOpen("unloads") })
  .step("bail", () => Effect.void, { compensate: bail })
  .step("cast", () => Effect.void, { compensate: onceOpen("ties") })
  .use(fails)
  .after(({ notUndone, status }) => note(`sail ${status} ${notUndone?.map(({ step }) => step)}`))
const rent = Stepped.action("rent", { arguments: [Schema.Int], concurrencyKey: (n) => `rent ${n}` })
  .step("pay", () => Effect.void, { compensate: onceOpen("refunds") })
  .step("bail", () => Effect.void, { compensate: bail })
const trip = Stepped.action("trip", { error: NoSeat })
  .step("rent", () => Effect.all([Step.do(rent, 1), Step.do(rent, 2)]), { unwind: true })
  .use(fails)
const Boats = Stepped.actions(Boat, [sail, rent, trip])

const root = (action: Root["action"], call: string): Root => ({
  actor: Boat.ref(1),
  action,
  invoke: Effect.flatMap(Boats.client, (client) => (client(1) as any)[call]())
})

/** Asks until there is an answer: by then it is run again, or that is over. */
const again = (stage: Stage, id: string) =>
  Effect.flatMap(
    stage.insist(
      Effect.flatMap(ActionRepo, (repo) => repo.compensateAgain(id)) as Effect.Effect<CompensateAgainResult, unknown>
    ),
    (verb) =>
      verb._tag === "Compensating" || (verb._tag === "NotCompensable" && ["live", "nothing"].includes(verb.reason))
        ? Effect.void
        : Effect.die(new Error(JSON.stringify(verb)))
  )
const opens = (stage: Stage) => stage.sql`insert into effects values ('opens')`
const leftOf = ({ sql }: Stage) =>
  Effect.map(
    sql<
      { name: string; unwound: unknown }
    >`select name, unwound from stepped.actions where unwound is not null order by id`,
    (rows) => rows.map(({ name, unwound }) => `${name} ${JSON.stringify(unwound)}`)
  )

export const compensationPrograms: ReadonlyArray<Tree> = [
  program("18.2: what undoes an action is run again, of its steps those that are not undone", {
    layer: Boats.layer,
    play: (stage) =>
      Effect.gen(function*() {
        const of = root(sail, "sailLater")
        const id = yield* invoke(stage, of)
        yield* stage.drain(nobody)
        yield* opens(stage)
        yield* again(stage, id)
        yield* stage.drain(nobody)
        return [yield* awaited(stage, of, id), ...yield* leftOf(stage)]
      }),
    handles: ["NoSeat", "sail {}"],
    actions: [
      "Boat/1 sail failed 1 load succeeded, bail succeeded, cast succeeded, fail failed, cast failed, bail succeeded, load failed, cast succeeded, load succeeded"
    ],
    notes: [
      "once: bails",
      "sail failed cast,load",
      "opens",
      "ties /cast/0/compensation",
      "unloads /load/0/compensation"
    ]
  }),
  program("18.2: what undoes children that could not be unwound is run again, side by side", {
    layer: Boats.layer,
    play: (stage) =>
      Effect.gen(function*() {
        const of = root(trip, "tripLater")
        const id = yield* invoke(stage, of)
        yield* stage.drain(nobody)
        yield* opens(stage)
        const children = yield* stage.sql<{ id: string }>`
          select id from stepped.ended_actions where parent = ${id} order by id`
        yield* Effect.forEach(children, (child) => again(stage, child.id))
        yield* stage.drain(nobody)
        return [yield* awaited(stage, of, id), ...yield* leftOf(stage)]
      }),
    handles: ["NoSeat", "rent {}", "rent {}"],
    actions: [
      "Boat/1 rent succeeded pay succeeded, bail succeeded, bail succeeded, pay failed, pay succeeded",
      "Boat/1 rent succeeded pay succeeded, bail succeeded, bail succeeded, pay failed, pay succeeded",
      "Boat/1 trip failed rent succeeded, fail failed, rent failed"
    ],
    notes: ["once: bails", "once: bails", "opens", "refunds /pay/0/compensation"]
  })
]
