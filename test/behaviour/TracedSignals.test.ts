/** Rule 17.3: what goes on after a signal is linked to who has sent it. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Step, Stepped } from "stepped"
import { healthy, suite } from "../harness/databases.ts"
import { performIdle } from "../harness/performing.ts"
import { Account, ExportFailed, key } from "./fixtures/tokens.ts"
import { collecting, shown } from "./fixtures/tracing.ts"

const called = Stepped.signal("called", { error: ExportFailed })
const told = Stepped.signal("told")
const given: Array<string> = []

/** Waits for both, and again where that has failed. */
const ask = Stepped.action("ask", { error: ExportFailed, signals: [called, told] })
  .step(
    "wait",
    () =>
      Effect.andThen(
        Effect.map(Step.token(told), (token) => void given.push(token)),
        Effect.asVoid(Effect.all([Step.waitFor(called), Step.waitFor(told)]))
      ),
    { retry: Schedule.spaced("1 minute").pipe(Schedule.upTo({ times: 1 })) }
  )
  .step("go", () => Effect.void)
const Accounts = Stepped.actions(Account, [ask])

suite("traces of signals", (engine) => {
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
  /** What is stored of spans in which something was sent. */
  const stored = Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.map(
      sql<{ readonly trace: string | null }>`
        select trace from stepped.signals union all select trace from stepped.slots where trace is not null`,
      (rows) => rows.map(({ trace }) => trace)
    ))

  test("17.3: what goes on is linked to the spans of all who have sent what it has waited for, by whatever way and whenever", () =>
    Effect.gen(function*() {
      const { spans, traced } = collecting()
      const handle = yield* (yield* account).askLater().pipe(Effect.withSpan("request"), traced)
      // nobody waits yet
      yield* handle.send(told).pipe(Effect.withSpan("early"), traced)
      yield* performIdle.pipe(traced)
      yield* Stepped.send(handle.id, called).pipe(Effect.withSpan("webhook"), traced)
      yield* performIdle.pipe(traced)
      yield* handle.await
      const other = yield* (yield* account).askLater().pipe(Effect.withSpan("another"), traced)
      yield* performIdle.pipe(traced)
      yield* Stepped.receive(given[1]!, Stepped.Outcome.succeededVoid).pipe(Effect.withSpan("token"), traced)
      yield* other.sendFailure(called, new ExportFailed({ why: "no" })).pipe(Effect.withSpan("failure"), traced)
      yield* performIdle.pipe(traced)
      // the next attempt finds what was told, and waits for the other one anew
      yield* TestClock.adjust("1 minute")
      yield* performIdle.pipe(traced)
      yield* other.send(called)
      yield* performIdle.pipe(traced)
      yield* other.await
      const linesOf = (root: string) => {
        const { traceId } = spans.find(({ name }) => name === root)!
        const names = shown(spans)
        return spans.flatMap((span, n) =>
          span.traceId === traceId && span.name.startsWith("stepped.step") ? [names[n]] : []
        )
      }
      const sorted = (lines: ReadonlyArray<string | undefined>) => lines.map((line) => line?.split(" ~ ").sort())
      assert.deepStrictEqual(
        sorted(linesOf("request")),
        sorted([
          "stepped.step ask.wait < stepped.enqueue ask",
          "stepped.step ask.go < stepped.enqueue ask ~ stepped.step ask.wait ~ early ~ webhook"
        ])
      )
      assert.deepStrictEqual(
        sorted(linesOf("another")),
        sorted([
          "stepped.step ask.wait < stepped.enqueue ask",
          "stepped.step ask.wait < stepped.enqueue ask ~ stepped.step ask.wait",
          "stepped.step ask.go < stepped.enqueue ask ~ stepped.step ask.wait ~ token ~ failure"
        ])
      )
    }))

  test("17.3: of what is sent in no span nothing is stored, and of what is sent to who is in none no link is made", () =>
    Effect.gen(function*() {
      const { spans, traced } = collecting()
      const handle = yield* (yield* account).askLater().pipe(Effect.withSpan("request"), traced)
      yield* performIdle.pipe(traced)
      yield* handle.send(told).pipe(traced)
      yield* handle.send(called).pipe(Effect.withSpan("for nobody"))
      assert.deepStrictEqual(yield* stored, [null, null])
      yield* performIdle.pipe(traced)
      yield* handle.await
      assert.deepStrictEqual(yield* stored, [null, null])
      assert.deepStrictEqual(shown(spans).at(-1), "stepped.step ask.go < stepped.enqueue ask ~ stepped.step ask.wait")
    }))
})
