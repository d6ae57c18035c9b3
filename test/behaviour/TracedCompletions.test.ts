/** Rule 17.3: what goes on after a completion from outside is linked to who has completed. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { Step, Stepped } from "stepped"
import { healthy, suite } from "../harness/databases.ts"
import { performIdle } from "../harness/performing.ts"
import { Account, ExportFailed, key } from "./fixtures/tokens.ts"
import { collecting, shown } from "./fixtures/tracing.ts"

const given: Array<string> = []

const print = Stepped.action("print", { outbound: true, error: ExportFailed }).step("begin", () => Effect.void)
const bind = Stepped.action("bind", { outbound: true, error: ExportFailed })
  .step(
    "begin",
    () => Effect.map(Step.token("complete"), (token) => void given.push(token)),
    { compensate: () => Effect.void }
  )
  .succeeded(() => Effect.void)
const post = Stepped.action("post")
  .step("print", () => Effect.all([Step.do(print), Step.do(print)]))
  .step("go", () => Effect.void)
const Accounts = Stepped.actions(Account, [print, bind, post])

suite("traces of completions", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | Stepped.Tokens | SqlClient.SqlClient>
  ) =>
    it.effect(name, () =>
      Effect.suspend(() => {
        given.length = 0
        return Effect.andThen(scenario(), healthy)
      }).pipe(
        Effect.provide(Accounts.layer.pipe(
          Layer.provideMerge(Layer.merge(engine.layer(), Layer.orDie(Stepped.Tokens.layer([key("a")]))))
        ))
      ))
  const account = Effect.map(Accounts.client, (accounts) => accounts(7))
  const { failed, succeededVoid } = Stepped.Outcome

  test("17.3: callbacks, and what undoes steps, are linked to who has completed the action", () =>
    Effect.gen(function*() {
      const { spans, traced } = collecting()
      const first = yield* (yield* account).bindLater().pipe(Effect.withSpan("request"), traced)
      yield* performIdle.pipe(traced)
      yield* Stepped.receive(given[0]!, succeededVoid).pipe(Effect.withSpan("webhook"), traced)
      yield* performIdle.pipe(traced)
      yield* first.await
      const second = yield* (yield* account).bindLater().pipe(Effect.withSpan("request"), traced)
      yield* performIdle.pipe(traced)
      yield* Stepped.complete(Account.ref(7), bind, failed(new ExportFailed({ why: "no" }))).pipe(
        Effect.withSpan("form"),
        traced
      )
      yield* performIdle.pipe(traced)
      yield* Effect.flip(second.await)
      assert.deepStrictEqual(shown(spans).filter((line) => line.includes("~")), [
        "stepped.callback bind.Account:succeeded:1 < stepped.enqueue bind ~ stepped.step bind.begin ~ webhook",
        "stepped.compensation bind.begin < stepped.enqueue bind ~ stepped.step bind.begin ~ form"
      ])
    }))

  test("17.3: who has waited for it is linked to who has completed it, of several to all", () =>
    Effect.gen(function*() {
      const { spans, traced } = collecting()
      const handle = yield* (yield* account).postLater().pipe(Effect.withSpan("request"), traced)
      yield* performIdle.pipe(traced)
      for (const by of ["one", "two"]) {
        yield* Stepped.complete(Account.ref(7), print, succeededVoid).pipe(Effect.withSpan(by), traced)
        yield* performIdle.pipe(traced)
      }
      yield* handle.await
      const line = shown(spans).find((text) => text.startsWith("stepped.step post.go"))
      assert.deepStrictEqual(line?.split(" ~ ").sort(), [
        "one",
        "stepped.step post.go < stepped.enqueue post",
        "stepped.step post.print",
        "two"
      ])
    }))

  test("17.3: of what is completed in no span nothing is stored, and no link is made", () =>
    Effect.gen(function*() {
      const { spans, traced } = collecting()
      const handle = yield* (yield* account).bindLater().pipe(Effect.withSpan("request"), traced)
      yield* performIdle.pipe(traced)
      yield* Stepped.complete(handle.id, bind, succeededVoid).pipe(traced)
      const sql = yield* SqlClient.SqlClient
      assert.deepStrictEqual(yield* sql`select outcome_trace as trace from stepped.live_actions`, [{ trace: null }])
      yield* performIdle.pipe(traced)
      yield* handle.await
      assert.deepStrictEqual(shown(spans).filter((line) => line.includes("~")), [
        "stepped.callback bind.Account:succeeded:1 < stepped.enqueue bind ~ stepped.step bind.begin"
      ])
    }))
})
