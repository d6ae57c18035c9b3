/**
 * A database whose transactions are at a higher level than read committed by default: everything goes on as in another one, since the
 * engine states the level of what it decides.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, inject, it } from "@effect/vitest"
import { Effect, Redacted, Schema } from "effect"
import { readFileSync } from "node:fs"
import { Step, Stepped, UnsuitableIsolation } from "stepped"
import { healthy } from "../harness/databases.ts"
import { statusesOf } from "../harness/observing.ts"
import { layerUrl } from "../harness/Server.ts"
import { allEnded, until } from "../harness/workers.ts"
import { alone, database, startEngine, startWorkerOf } from "./starting.ts"

class Part extends Stepped.Actor<Part>()("Part", { id: Schema.Int }) {}
class Order extends Stepped.Actor<Order>()("Order", { id: Schema.Int }) {}
const pick = Stepped.action("pick").step(() => Effect.sleep(Math.random() * 20))
const note = Stepped.action("note", { arguments: [Schema.Int] })
  .step(
    "note",
    (n) => Effect.flatMap(PgClient.PgClient, (sql) => Effect.asVoid(sql`insert into notes values (${n})`)),
    {
      transactional: true
    }
  )
const sign = Stepped.action("sign", { outbound: true, timeout: "500 millis" }).step(() => Effect.void)
const keep = Stepped.action("keep", { outbound: true }).step(() => Effect.void)
const pack = Stepped.action("pack")
  .step(
    "pick",
    () =>
      Effect.flatMap(
        Order,
        ({ id }) => Effect.all([Step.on([1, 2, 3, 4].map((n) => Part.ref(id * 10 + n)), pick), Step.wait("50 millis")])
      )
  )
  .step("note", () => Effect.flatMap(Order, ({ id }) => Step.do(note, id)))
  .succeeded(() => Effect.void)
const Orders = Stepped.actions(Order, [pack, note, sign, keep])
const Parts = Stepped.actions(Part, [pick])

/** How often the server has refused a transition for its level. */
const refusals = (name: string) => {
  const file = inject("databaseLog")
  if (file === null) return undefined
  return readFileSync(file, "utf8").split("\n").filter((line) =>
    line.includes(name) && line.includes("sees only what was committed when it began")
  ).length
}

describe("a database at", () => {
  for (const level of ["repeatable read", "serializable"]) {
    it.live(`${level}: whoever waits goes on`, () =>
      Effect.gen(function*() {
        const url = yield* database
        const name = new URL(Redacted.value(url)).pathname.slice(1)
        const admin = yield* alone(layerUrl(url, { maxConnections: 1 }))
        yield* Effect.provide(
          Effect.gen(function*() {
            const sql = yield* PgClient.PgClient
            yield* sql`create table notes (id int)`
            yield* sql.unsafe(`alter database "${name}" set default_transaction_isolation = '${level}'`)
          }),
          admin
        )
        // nobody is to lose it on a busy machine
        const options = { lease: "30 seconds" } as const
        yield* startWorkerOf(url, Orders.layer, options)
        yield* startWorkerOf(url, Parts.layer, options)
        yield* startWorkerOf(url, Parts.layer, options)
        yield* Effect.gen(function*() {
          const sql = yield* PgClient.PgClient
          const orders = yield* Orders.client
          const ids = Array.from({ length: 100 }, (_, id) => id)
          const packs = yield* Effect.forEach(ids, (id) => orders(id).packLater(), { concurrency: 20 })
          yield* Effect.forEach([1, 2, 3], (id) => orders(id).signLater())
          const kept = yield* orders(1).keepLater()
          yield* Effect.forEach(packs, ({ await: end }) => end, { concurrency: "unbounded", discard: true })
          yield* until("it is performing", Effect.map(kept.status, ({ status }) => status === "performing"))
          const refused = yield* Effect.flip(sql.withTransaction(kept.cancel()))
          assert.instanceOf(refused, UnsuitableIsolation)
          assert.strictEqual(refused.level, level)
          assert.isTrue(yield* kept.cancel())
          yield* allEnded
          assert.deepStrictEqual([...new Set(yield* statusesOf("pack"))], ["succeeded"])
          assert.deepStrictEqual(yield* statusesOf("sign"), ["timed_out", "timed_out", "timed_out"])
          assert.strictEqual((yield* sql`select 1 from notes`).length, ids.length)

          // the program's own transactions are at its level
          const inside = yield* sql.withTransaction(orders(1000).packLater())
          yield* inside.await
          yield* healthy
          // of each kind of transition and each engine the first ones: what is under way beside it is refused as well
          const found = refusals(name)
          if (found !== undefined) assert.isAtMost(found, 60)
        }).pipe(Effect.provide(yield* startEngine(url)))
      }))
  }
})
