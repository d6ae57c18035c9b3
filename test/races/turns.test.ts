/** Tenants take turns (rule 15.7) while several engines enqueue and claim beside each other: all of it is performed once, and nobody waits for all of another's. */
import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { JobQueue, Stepped } from "stepped"
import { healthy } from "../harness/databases.ts"
import { allEnded, layerWorkers, noDeadlock } from "../harness/workers.ts"

const ran: Array<string> = []
class Site extends Stepped.Actor<Site>()("Site", { id: Schema.Int }) {}
const render = Stepped.action("render", {
  arguments: [Schema.String, Schema.Int],
  concurrencyKey: (tenant, n) => ["render", tenant, n],
  fairBy: (tenant) => tenant
}).step((tenant, n) => Effect.sync(() => void ran.push(`${tenant} ${n}`)))
const Sites = Stepped.actions(Site, [render])

it.effect("15.7: a tenant of whom there is little is not kept waiting by one of whom there is much", () =>
  Effect.gen(function*() {
    const sites = yield* Sites.client
    const queue = yield* JobQueue
    const many = 6000
    yield* queue.pause({ queue: "default" }, { reason: "until all is there" })
    const numbers = Array.from({ length: many }, (_, n) => n)
    yield* Effect.forEach([0, 1, 2, 3], (part) =>
      sites.enqueueMany(
        render,
        numbers.filter((n) => n % 4 === part).map((n) => [1, "much", n] as const)
      ), { concurrency: 4 })
    yield* Effect.forEach(numbers.slice(0, 30), (n) => sites(1).renderLater(`little ${n % 10}`, n), { concurrency: 10 })
    yield* queue.resume({ queue: "default" })
    yield* allEnded
    // beside what each engine claims together
    assert.isBelow(ran.findLastIndex((text) => text.startsWith("little")), many / 2)
    assert.lengthOf(ran, many + 30)
    assert.lengthOf([...new Set(ran)], many + 30)
    yield* healthy
    yield* noDeadlock
  }).pipe(Effect.provide(layerWorkers(Sites.layer, { engines: 4 }))))
