/** Tenants that share a queue take turns in it (rule 15.7). */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { type EnqueueOptions, JobQueue, Step, Stepped } from "stepped"
import { healthy, suite } from "../harness/databases.ts"
import { performIdle } from "../harness/performing.ts"

class Site extends Stepped.Actor<Site>()("Site", { id: Schema.Int }) {}

let seen: Array<string> = []
const note = (text: string) => Effect.sync(() => void seen.push(text))

const each = { arguments: [Schema.String, Schema.Int] } as const
const fair = { ...each, fairBy: (tenant: string) => tenant } as const
const render = Stepped.action("render", { ...fair, concurrencyKey: (tenant, n) => ["render", tenant, n] })
  .step((tenant, n) => note(`${tenant}${n}`))
const prepared = Stepped.action("prepared", {
  ...fair,
  concurrencyKey: (tenant, n) => Effect.succeed(["prepared", tenant, n])
}).step((tenant, n) => note(`${tenant}${n}`))
const plain = Stepped.action("plain", { ...each, concurrencyKey: (tenant, n) => ["plain", tenant, n] })
  .step((tenant, n) => note(`${tenant}${n}`))
const parent = Stepped.action("parent", { arguments: [] }).step(() =>
  Effect.forEach(["a", "a", "a", "b"], (tenant, n) => Step.do(render, tenant, n), { discard: true })
)
const broken = Stepped.action("broken", { fairBy: () => "\u0000" }).step(() => Effect.void)
const thrown = Stepped.action("thrown", {
  fairBy: (): string => {
    throw new Error("nobody knows")
  }
}).step(() => Effect.void)
const Sites = Stepped.actions(Site, [render, prepared, plain, parent, broken, thrown])

suite("fairBy", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>
  ) =>
    it.effect(name, () =>
      Effect.suspend(() => {
        seen = []
        return Effect.provide(
          Effect.andThen(scenario(), healthy),
          Sites.layer.pipe(Layer.provideMerge(engine.layer({ pollInterval: "20 millis" })))
        )
      }))
  const site = Effect.map(Sites.client, (sites) => sites(1))
  const many = (tenant: string, count: number, options: EnqueueOptions = {}) =>
    Effect.flatMap(
      site,
      (site) =>
        Effect.forEach(Array.from({ length: count }, (_, n) => n + 1), (n) => site.with(options).renderLater(tenant, n))
    )

  test("15.7: tenants take turns, however many one of them has enqueued", () =>
    Effect.gen(function*() {
      yield* many("a", 5)
      yield* many("b", 2)
      yield* many("c", 1)
      yield* performIdle
      assert.deepStrictEqual(seen, ["a1", "a2", "b1", "c1", "a3", "b2", "a4", "a5"])
    }))

  test("15.7: one of a tenant is among the first, behind a thousand of another's", () =>
    Effect.gen(function*() {
      const sites = yield* Sites.client
      yield* sites.enqueueMany(render, Array.from({ length: 1000 }, (_, n) => [1, "a", n] as const))
      yield* many("b", 1)
      yield* performIdle
      assert.lengthOf(seen, 1001)
      assert.isAtMost(seen.indexOf("b1"), 2)
    }))

  test("15.7: who has priority comes first, and among those tenants take turns, too", () =>
    Effect.gen(function*() {
      yield* many("a", 2)
      yield* many("b", 3, { priority: -1 })
      yield* many("c", 1, { priority: -1 })
      yield* performIdle
      assert.deepStrictEqual(seen, ["b1", "b2", "c1", "b3", "a1", "a2"])
    }))

  test("15.7: who has no tenant comes before whoever is next in turn and was enqueued after it", () =>
    Effect.gen(function*() {
      yield* many("a", 3)
      yield* (yield* site).plainLater("x", 1)
      yield* many("b", 1)
      yield* (yield* site).plainLater("x", 2)
      yield* performIdle
      assert.deepStrictEqual(seen, ["a1", "a2", "x1", "b1", "a3", "x2"])
    }))

  test("15.7: who always comes again does not keep the others from their turns", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      // as a claim of one would
      const takeFirst = Effect.map(
        sql<
          { tenant: string }
        >`delete from stepped.jobs where id = (select id from stepped.jobs order by turn, id limit 1)
          returning tenant`,
        ([taken]) => taken!.tenant
      )
      yield* many("a", 3)
      yield* many("b", 1)
      yield* many("c", 1)
      const taken: Array<string> = []
      for (let n = 0; n < 12; n++) {
        const tenant = yield* takeFirst
        taken.push(tenant)
        if (tenant !== "a") yield* many(tenant, 1)
      }
      assert.lengthOf(taken.filter((tenant) => tenant === "a"), 3, taken.join(" "))
      yield* sql`delete from stepped.jobs`
    }))

  test("15.7: children, and what is prepared or delayed, take turns as others do", () =>
    Effect.gen(function*() {
      yield* (yield* site).parentLater()
      yield* performIdle
      // what is enqueued at once is nobody's next turn yet
      assert.deepStrictEqual(seen, ["a0", "b3", "a1", "a2"])
      seen = []
      for (const n of [1, 2, 3]) yield* (yield* site).preparedLater("a", n)
      yield* (yield* site).preparedLater("b", 1)
      yield* performIdle
      assert.deepStrictEqual(seen, ["a1", "a2", "b1", "a3"])
      seen = []
      yield* many("a", 3, { delay: "1 minute" })
      yield* many("b", 1, { delay: "1 minute" })
      yield* TestClock.adjust("1 minute")
      yield* performIdle
      assert.deepStrictEqual(seen, ["a1", "b1", "a2", "a3"])
    }))

  test("15.7, 15.8: what was paused takes its turns when it is resumed", () =>
    Effect.gen(function*() {
      const queue = yield* JobQueue
      yield* queue.pause({ actorType: "Site", name: "render" }, { reason: "maintenance", by: "me" })
      yield* many("a", 4)
      yield* many("b", 1)
      yield* performIdle
      assert.deepStrictEqual(seen, [])
      assert.deepStrictEqual((yield* queue.queued()).map(({ tenant }) => tenant), ["a", "a", "a", "a", "b"])
      yield* queue.resume({ actorType: "Site", name: "render" })
      yield* performIdle
      assert.deepStrictEqual(seen, ["a1", "b1", "a2", "a3", "a4"])
    }))

  test("15.7: what can be no tenant, or throws, fails its action, readably, and nobody else's", () =>
    Effect.gen(function*() {
      const one = yield* (yield* site).brokenLater()
      const other = yield* (yield* site).thrownLater()
      yield* many("a", 1)
      yield* performIdle
      const failure = yield* Effect.flip(one.await)
      assert.include(failure.message, "fairBy of broken holds a NUL character")
      assert.include((yield* Effect.flip(other.await)).message, "nobody knows")
      assert.deepStrictEqual(seen, ["a1"])
    }))
})
