/** What would become of an action, as only its program can say it: of one that is stored, and of one that is not enqueued. */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { resolve } from "node:path"
import { Stepped } from "stepped"
import { freshDatabase, layerUrl } from "../harness/Server.ts"
import { Films } from "./fixtures/explained.ts"
import { stepped, until } from "./fixtures/garage.ts"

const module = resolve(import.meta.dirname, "fixtures/explained.ts")

/** A film is developed already, another one is printed, and nobody works any more. */
const studio = Effect.gen(function*() {
  const { url } = yield* freshDatabase({ template: { name: "migrated", migrate: Stepped.migrate() } })
  const services = yield* Layer.build(Layer.provideMerge(Stepped.layer({ pollInterval: "50 millis" }), layerUrl(url)))
  const films = yield* Effect.provide(Films.client, services)
  yield* Effect.scoped(Effect.gen(function*() {
    yield* Effect.provide(Layer.build(Layer.provide(Stepped.worker(), Films.layer)), services)
    yield* (yield* films(1).developLater("ada")).await
    const printing = yield* films(2).printLater(1)
    yield* until("it is printed", Effect.map(printing.status, ({ status }) => status === "performing"))
  })).pipe(Effect.provide(services))
  const explain = (...args: ReadonlyArray<string>) => stepped("explain", module, ...args, "--url", Redacted.value(url))
  return { services, films, explain, sql: yield* Effect.provide(PgClient.PgClient, services) }
})

describe("explain", () => {
  it.live("16.2: what was achieved counts as long as the program says, and its lanes have the room that it says", () =>
    Effect.gen(function*() {
      const { explain, films, sql } = yield* studio
      const { id } = yield* films(1).developLater("ada")
      const asks = [[id], ["Film/1", "develop", "\"ada\""]]
      for (const ask of asks) assert.match((yield* explain(...ask)).out, /^develop Film\/1 was achieved at /)
      yield* sql`update stepped.achievements set achieved_at = achieved_at - interval '2 hours'`
      for (const ask of asks) {
        assert.deepStrictEqual(yield* explain(...ask), {
          code: 0,
          out: "develop Film/1 begins as soon as a worker takes it",
          err: ""
        })
      }
      const { out } = yield* explain("Film/3", "print", "7", "--json")
      assert.deepStrictEqual(JSON.parse(out), {
        _tag: "Runs",
        text: "print Film/3 begins as soon as a worker takes it"
      })
      const [{ count }] = (yield* sql<{ count: number }>`select count(*)::int as count from stepped.jobs`) as [
        { count: number }
      ]
      // nothing is enqueued by asking
      assert.strictEqual(count, 1)
    }))

  it.live("says what of it is wrong", () =>
    Effect.gen(function*() {
      const { explain } = yield* studio
      for (
        const [args, code, words] of [
          [["0199c2f0-0000-7000-8000-000000000000"], 1, "there is no action 0199c2f0"],
          [["nonsense"], 2, "nonsense is neither the id of an action nor an actor with an action"],
          [["Film/1"], 2, "is neither the id of an action nor an actor with an action"],
          [["Film", "develop", "\"ada\""], 2, "is neither the id of an action nor an actor"],
          [["Film/1", "cut"], 2, "the program has no Film/cut"],
          [["Film/one", "develop", "\"ada\""], 2, "Film/one does not fit the id of Film"],
          [["Film/1", "develop"], 2, "develop takes 1 argument, not 0"],
          [["Film/1", "develop", "ada"], 2, "argument 1 is no JSON"],
          [["Film/1", "print", "\"seven\""], 2, "argument 1 does not fit"],
          [["Film/1", "print", "9007199254740993"], 2, "would be rounded"]
        ] as const
      ) {
        const found = yield* explain(...args)
        assert.deepStrictEqual([found.code, found.err.includes(words)], [code, true], `${args.join(" ")}: ${found.err}`)
      }
    }))
})
