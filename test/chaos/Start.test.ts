/** A connection that is lost while a worker starts is no reason not to: a database that is away is waited for. */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { Engine, Stepped } from "stepped"
import { healthy } from "../harness/databases.ts"
import { freshDatabase } from "../harness/Server.ts"
import { plan } from "../model/Model.ts"
import { makeWorld, silent } from "../model/Trees.ts"
import { delayMs, type Loss, startProxy } from "./Proxy.ts"

const template = { name: "migrated", migrate: Stepped.migrate() }

const timeStatement = /extract\(epoch from clock_timestamp\(\)\)/
const firstStatements: ReadonlyArray<readonly [what: string, statement: RegExp]> = [
  ["looking at the migrations", /migrations/],
  ["asking for the time", timeStatement],
  ["registering", /insert into "stepped"\.workers/]
]

describe("a worker that starts", () => {
  it.live("keeps its clock where the answer to the question for the time was late", () =>
    Effect.gen(function*() {
      const { url } = yield* freshDatabase({ template })
      const proxy = yield* startProxy(url)
      yield* proxy.lose({ what: "delay", statement: timeStatement, rows: 0, then: () => {} })
      const engine = yield* Layer.build(Stepped.layer.pipe(Layer.provide(PgClient.layer({ url: proxy.url }))))
      const earliest = Date.now()
      const now = yield* Context.get(engine, Engine).now
      assert.isAbove(now, earliest - delayMs / 4)
      assert.isBelow(now, Date.now() + delayMs / 4)
    }))

  for (const [what, statement] of firstStatements) {
    for (const loss of ["statement", "answer"] satisfies ReadonlyArray<Loss["what"]>) {
      it.live(`tries again where it has lost the ${loss} when ${what}`, () =>
        Effect.gen(function*() {
          const { url } = yield* freshDatabase({ template })
          const proxy = yield* startProxy(url)
          let lost = 0
          yield* proxy.lose({ what: loss, statement, rows: 0, then: () => void lost++ })
          const world = makeWorld({ second: 1 })
          const worker = Stepped.worker().pipe(
            Layer.provide(world.layer),
            Layer.provideMerge(Stepped.layer),
            Layer.provide(PgClient.layer({ url: proxy.url })),
            Layer.provide(silent)
          )
          yield* Effect.gen(function*() {
            assert.strictEqual(lost, 1)
            const handle = yield* world.invoke({ _tag: "Invoke", actor: 0, plan: plan() }, "0")
            yield* handle.await
            yield* healthy
          }).pipe(Effect.provide(worker))
        }))
    }
  }
})
