/** Random tenants that enqueue, and claims: who is taken next is as rule 15.7 says, and nobody waits for more than two of each other tenant's. */
import { assert, it } from "@effect/vitest"
import { Duration, Effect, Layer, Schema } from "effect"
import * as fc from "fast-check"
import { Stepped } from "stepped"
import * as PostgresStore from "../../src/sql/PostgresStore.ts"
import { Storage } from "../../src/store/Storage.ts"
import { type Catalog, Store } from "../../src/store/Store.ts"
import { embedded } from "../harness/databases.ts"
import { patienceMs } from "../patience.ts"
import { clear, forAll, trees } from "./Trees.ts"
import { type Entry, longestWait, TurnModel, type TurnOp, turnOps } from "./TurnModel.ts"

class Site extends Stepped.Actor<Site>()("Site", { id: Schema.Int }) {}
const render = Stepped.action("render", {
  arguments: [Schema.NullOr(Schema.String), Schema.Int],
  concurrencyKey: (_, n) => ["render", n],
  fairBy: (tenant) => tenant,
  outbound: true
}).step(() => Effect.void)
const Sites = Stepped.actions(Site, [render])
const catalog: Catalog = {
  queues: ["default"],
  definitions: [{ key: "Site/render", steps: [{ kind: "unnamed", name: "1" }], flags: 16, prepare: false }],
  inTurns: true
}

const goesAsTheModelSays = (ops: ReadonlyArray<TurnOp>) =>
  Effect.gen(function*() {
    yield* clear
    const store = yield* Store
    const sites = yield* Sites.client
    const token = yield* store.register("test", Duration.minutes(10))
    const model = new TurnModel()
    const log: Array<Entry> = []
    const numbers = new Map<string, number>()
    const take = (room: number) =>
      Effect.gen(function*() {
        const { work } = yield* store.claim({ token, now: 0, room, catalog, prepared: [], only: null })
        const expected = model.take(room)
        log.push(...expected.map((went) => ({ went })))
        assert.sameMembers(work.map(({ action }) => numbers.get(action)!), expected.map(({ n }) => n))
      })
    for (const op of ops) {
      if ("take" in op) yield* take(op.take)
      if ("take" in op) continue
      const asked = model.enqueue(op.tenant, op.priority, op.count)
      const handles = yield* sites.with({ priority: op.priority }).enqueueMany(
        render,
        asked.map((n) => [1, op.tenant, n] as const)
      )
      for (const [i, n] of asked.entries()) numbers.set(handles[i]!.id, n)
      log.push(...asked.map((n) => ({ came: model.waiting.find((one) => one.n === n)! })))
    }
    while (model.waiting.length > 0) yield* take(1)
    assert.isAtMost(longestWait(log), 2)
    yield* store.unregister(token, 0)
  })

it.effect(
  "15.7: whose turn it is is as the model says, and nobody waits for more than two of each other tenant's",
  () =>
    forAll(fc.array(turnOps, { minLength: 3, maxLength: 14, size: "max" }), goesAsTheModelSays, {
      inWords: (ops) => ops.map((op) => Object.values(op).join(" ")).join("\n"),
      numRuns: Math.ceil(trees / 2)
    }).pipe(Effect.provide(Sites.layer.pipe(
      Layer.provideMerge(PostgresStore.layer),
      Layer.provideMerge(Storage.layer({ schema: "stepped", deadline: Duration.seconds(20), embedded: true })),
      Layer.provideMerge(embedded.layer())
    ))),
  patienceMs * 2
)
