/**
 * Rules 12.1 and 12.2 for whoever reports an end from outside and hears nothing of that, although it is committed: his answer is lost, or his
 * process is killed. He asks again, and gets the answer that he would have had; it has counted once.
 */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Option, type Redacted, type Scope } from "effect"
import type { SqlClient } from "effect/sql"
import { CompletionConflict, SignalConflict, Stepped, StorageError } from "stepped"
import { healthy } from "../harness/databases.ts"
import { layerIntercepted } from "../harness/intercepting.ts"
import { startProgram } from "../harness/Program.ts"
import { layerUrl } from "../harness/Server.ts"
import { allEnded, until } from "../harness/workers.ts"
import { charge, done, given, Keys, report, type Reported, Shops } from "./Payments.ts"
import { alone, database, startWorkerOf } from "./starting.ts"

const reporter = new URL("./reporter.ts", import.meta.url).pathname

/** Reports what is committed, and hears nothing of it. */
type Unheard = (url: Redacted.Redacted, what: Reported, token: string) => Effect.Effect<void, unknown, Scope.Scope>

/** Its answer is lost on the way. */
const lost: Unheard = (url, what, token) =>
  Effect.gen(function*() {
    const away = (operation: string) => new StorageError({ operation, isRetryable: true, cause: new Error("lost") })
    const engine = yield* alone(
      Shops.layer.pipe(
        Layer.provideMerge(Keys),
        Layer.provideMerge(layerIntercepted((store) => ({
          complete: (options) => Effect.andThen(store.complete(options), away("complete")),
          send: (signal) => Effect.andThen(store.send(signal), away("send"))
        }), { pollInterval: Duration.millis(50) })),
        Layer.provide(layerUrl(url))
      )
    )
    assert.instanceOf(yield* Effect.flip(Effect.provide(report(what, token), engine)), StorageError)
  })

/** Its process is killed. */
const killed: Unheard = (url, what, token) =>
  Effect.gen(function*() {
    const program = yield* startProgram(reporter, { url, env: { WHAT: what, TOKEN: token } })
    assert.strictEqual((yield* program.ended).signal, "SIGKILL")
    assert.deepStrictEqual(program.said, [])
  })

for (const [how, unheard] of [["whose answer is lost", lost], ["who is killed", killed]] as const) {
  describe(`somebody outside ${how}`, () => {
    const scenario = <A, E>(
      name: string,
      run: (
        fails: (what: Reported) => Effect.Effect<void, unknown, SqlClient.SqlClient | Scope.Scope>
      ) => Effect.Effect<A, E, Stepped.Services | Stepped.Tokens | SqlClient.SqlClient | Scope.Scope>
    ) =>
      it.live(name, () =>
        Effect.gen(function*() {
          done.length = 0
          given.clear()
          const url = yield* database
          const working = yield* startWorkerOf(url, Shops.layer.pipe(Layer.provideMerge(Keys)))
          const fails = (what: Reported) =>
            Effect.gen(function*() {
              const name = what.split(" ")[0]!
              yield* until("there is a token", Effect.sync(() => given.has(name)))
              yield* unheard(url, what, given.get(name)!)
            })
          yield* Effect.andThen(run(fails), Effect.andThen(allEnded, healthy)).pipe(
            Effect.provide(working),
            Effect.provide(Keys)
          )
        }))

    for (const what of ["charge under a key", "charge by its token"] as const) {
      scenario(
        `${what === "charge under a key" ? "12.1" : "12.2"}: a ${what} is completed once, and not the next one`,
        (fails) =>
          Effect.gen(function*() {
            const client = yield* Shops.client
            const first = yield* client(1).chargeLater()
            yield* until("it performs", Effect.sync(() => given.has("charge")))
            const token = given.get("charge")!
            const second = yield* client(1).chargeLater()
            yield* fails(what)
            assert.strictEqual(yield* first.await, 7)
            yield* until("the next one performs", Effect.map(second.status, ({ status }) => status === "performing"))
            const answer = what === "charge under a key" ? Option.some(first.id) : "received"
            assert.deepStrictEqual(yield* report(what, token), answer)
            assert.instanceOf(yield* Effect.flip(report(what, token, 8)), CompletionConflict)
            assert.deepStrictEqual(yield* report(what, token), answer)
            assert.strictEqual((yield* second.status).status, "performing")
            yield* Stepped.complete(second.id, charge, Stepped.Outcome.succeeded(9))
            assert.strictEqual(yield* second.await, 9)
            assert.deepStrictEqual(done, ["charged", "charged"])
          })
      )
    }

    scenario("12.2: what comes with a token for a signal is read once", (fails) =>
      Effect.gen(function*() {
        const handle = yield* (yield* Shops.client)(1).orderLater()
        yield* fails("order by its token")
        assert.strictEqual(yield* report("order by its token", given.get("order")!), "received")
        assert.deepStrictEqual(yield* handle.await, [7, 0])
        assert.strictEqual(yield* report("order by its token", given.get("order")!), "received")
        assert.instanceOf(yield* Effect.flip(report("order by its token", given.get("order")!, 8)), SignalConflict)
        assert.deepStrictEqual(done, ["ordered"])
      }))
  })
}
