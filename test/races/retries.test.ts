/**
 * Steps that begin again, time out and are held, beside who cancels, completes or decides: of all that meet, one wins (rules 9.1, 9.4 and
 * 9.12).
 */
import { assert, it } from "@effect/vitest"
import { Effect, Exit, type Layer, Option, References } from "effect"
import { SqlClient } from "effect/sql"
import { ActionRepo, Stepped } from "stepped"
import type { StepRecord } from "stepped"
import { healthy } from "../harness/databases.ts"
import { recordOf, recordsOf } from "../harness/observing.ts"
import { allEnded, layerWorkers, noDeadlock, until } from "../harness/workers.ts"
import { patienceMs } from "../patience.ts"
import { actions, ask, begun, called, Lorries, tries } from "./fixtures/retries.ts"

const numbers = Array.from({ length: actions }, (_, n) => n)

const race = <A, E>(
  name: string,
  scenario: Effect.Effect<A, E, Layer.Success<ReturnType<typeof layerWorkers>>>
) =>
  it.live(
    name,
    () =>
      Effect.andThen(scenario, Effect.andThen(allEnded, Effect.andThen(healthy, noDeadlock))).pipe(
        Effect.provide(layerWorkers(Lorries.layer, { engines: 3 })),
        Effect.provideService(References.MinimumLogLevel, "None")
      ),
    patienceMs + actions * 300
  )

const stepsOf = (id: string) => Effect.flatMap(ActionRepo, (repo) => repo.steps(id))

/** Attempts come one after another, each with its end, and none is missing. */
const inOrder = ({ attemptNumber, attempts }: StepRecord) => {
  if (attempts.length === 0) return
  assert.deepStrictEqual(attempts.map(({ number }) => number), attempts.map((_, i) => i + 1))
  assert.strictEqual(attempts.at(-1)!.number, attemptNumber)
  for (const [i, attempt] of attempts.entries()) {
    if (i > 0) assert.isAtLeast(attempt.startedAt.getTime(), attempts[i - 1]!.nextAt!.getTime())
  }
}

race(
  `9.1: of ${actions} steps that begin again while they are cancelled each ends once, and its child was performed once`,
  Effect.gen(function*() {
    const client = yield* Lorries.client
    yield* Effect.forEach(numbers, (n) =>
      Effect.gen(function*() {
        const handle = yield* client(n).driveLater(n)
        if (n % 4 !== 0) yield* Effect.sleep(n % 40)
        const isCancelled = n % 4 === 0 ? false : yield* handle.cancel()
        yield* Effect.exit(handle.await)
        const { status } = yield* recordOf(handle.id)
        assert.strictEqual(status, isCancelled ? "cancelled" : "succeeded")
        assert.deepStrictEqual(called.get(handle.id), [`drive ${status}`])
        for (const step of yield* stepsOf(handle.id)) inOrder(step)
      }), { concurrency: 24, discard: true })
    yield* allEnded
    const sql = yield* SqlClient.SqlClient
    // not one of them twice, however often it was asked for
    assert.deepStrictEqual(
      yield* sql`select arguments from stepped.ended_actions where definition = 'Lorry/load' group by arguments having count(*) > 1`,
      []
    )
  })
)

race(
  `9.1, 7.1: of ${actions} actions whose time is over while a step begins again each ends once, with the attempt that it was at`,
  Effect.gen(function*() {
    const client = yield* Lorries.client
    const ended = new Array<string>()
    const came = { succeeded: 0, timed_out: 0 }
    yield* Effect.forEach(numbers, (n) =>
      Effect.gen(function*() {
        const handle = yield* client(n).hurryLater(n)
        const exit = yield* Effect.exit(handle.await)
        const { status } = yield* recordOf(handle.id)
        assert.include(["succeeded", "timed_out"], status)
        // who waits hears what is stored
        assert.strictEqual(Exit.isSuccess(exit), status === "succeeded")
        came[status as keyof typeof came]++
        assert.deepStrictEqual(called.get(handle.id), [`hurry ${status}`])
        const [step] = yield* stepsOf(handle.id)
        if (step !== undefined) inOrder(step)
        if (status === "succeeded") assert.deepInclude(step, { status, attemptNumber: tries(n) })
        ended.push(handle.id)
      }), { concurrency: 24, discard: true })
    yield* allEnded
    // a body that was begun just then has ended, and none has been begun for an attempt that nobody knows of
    for (const id of ended) assert.isAtMost(begun.get(id) ?? 0, (yield* stepsOf(id))[0]?.attemptNumber ?? 0)
    // one that succeeds at once has a minute, and some never do
    if (actions >= 24) assert.isAbove(Math.min(came.succeeded, came.timed_out), 0, JSON.stringify(came))
  })
)

race(
  `9.4: of ${actions} steps whose time is over while they are answered each ends by one of the two`,
  Effect.gen(function*() {
    const client = yield* Lorries.client
    yield* Effect.forEach(numbers, (n) =>
      Effect.gen(function*() {
        const handle = yield* client(n).waitLater(n)
        const asked = Effect.map(recordsOf("ask"), (records) => records.filter(({ arguments: [of] }: any) => of === n))
        // on a busy machine its body may come too late for that
        const isOver = Effect.map(recordOf(handle.id), ({ status }) => status === "failed")
        yield* until(
          "it is asked",
          Effect.zipWith(asked, isOver, (records, over) => records.length > 0 || over)
        )
        yield* Effect.sleep(20 + n % 60)
        // whichever attempt is under way by now
        const answered = new Set<string>()
        for (const { id, status } of yield* asked) {
          if (status !== "performing") continue
          const answer = yield* Effect.exit(Stepped.complete(id, ask, Stepped.Outcome.succeededVoid))
          if (answer._tag === "Success" && Option.isSome(answer.value)) answered.add(id)
        }
        yield* Effect.exit(handle.await)
        const { status } = yield* recordOf(handle.id)
        // an answer to what has timed out, and was not cancelled yet, settles nothing
        const settled = (yield* Effect.flatMap(ActionRepo, (repo) => repo.slots(handle.id)))
          .flatMap(({ child, status }) => status === "succeeded" ? [child!] : [])
        assert.isTrue(settled.length < 2 && settled.every((child) => answered.has(child)))
        assert.strictEqual(status, settled.length === 1 ? "succeeded" : "failed", `${n}`)
        assert.deepStrictEqual(called.get(handle.id), [`wait ${status}`])
        const [step] = yield* stepsOf(handle.id)
        inOrder(step!)
        assert.isAtMost(step!.attemptNumber, 2)
      }), { concurrency: 16, discard: true })
    yield* allEnded
    // what timed out was cancelled, and nothing else
    const statuses = new Set((yield* recordsOf("ask")).map(({ status }) => status))
    assert.isTrue([...statuses].every((status) => status === "succeeded" || status === "cancelled"))
  })
)

race(
  `9.12: of all who decide of ${actions} steps that are held one is heard`,
  Effect.gen(function*() {
    const client = yield* Lorries.client
    const repo = yield* ActionRepo
    yield* Effect.forEach(numbers, (n) =>
      Effect.gen(function*() {
        const handle = yield* client(n).stayLater(n)
        yield* until(
          "it is held",
          Effect.map(stepsOf(handle.id), ([step]) => step?.status === "held")
        )
        const [step] = yield* stepsOf(handle.id)
        const [skipped, failed, cancelled] = yield* Effect.all([
          repo.skipStep(step!),
          repo.failStep(step!, { reason: "enough" }),
          handle.cancel()
        ], { concurrency: "unbounded" })
        yield* Effect.exit(handle.await)
        const { cause, status } = yield* recordOf(handle.id)
        assert.deepStrictEqual(called.get(handle.id), [`stay ${status}`])
        assert.strictEqual(status === "cancelled", cancelled, `${skipped} ${failed} ${status}`)
        assert.isFalse(skipped === "done" && failed === "done")
        if (status === "succeeded") assert.strictEqual(skipped, "done")
        if (status === "failed") assert.deepStrictEqual([failed, cause?.message], ["done", "enough"])
        inOrder((yield* stepsOf(handle.id))[0]!)
      }), { concurrency: 16, discard: true })
  })
)

race(
  `9.12, 18.2: of ${actions} held steps whose action's time is over while two decide of them each is decided by one`,
  Effect.gen(function*() {
    const client = yield* Lorries.client
    const repo = yield* ActionRepo
    yield* Effect.forEach(numbers, (n) =>
      Effect.gen(function*() {
        const handle = yield* client(n).stopLater(n)
        yield* Effect.sleep(170 + n % 60)
        const step = { action: handle.id, index: 0, attemptNumber: 2 }
        const verbs = [repo.completeStep(step, n), repo.failStep(step, { reason: "enough" })]
        const [completed, failed] = yield* Effect.all(n % 2 === 0 ? verbs : verbs.toReversed(), {
          concurrency: "unbounded"
        }).pipe(Effect.map((said) => n % 2 === 0 ? said : said.toReversed()))
        yield* Effect.exit(handle.await)
        const { cause, status } = yield* recordOf(handle.id)
        assert.deepStrictEqual(called.get(handle.id), [`stop ${status}`])
        if (status === "succeeded") assert.strictEqual(completed, "done")
        if (status === "failed") assert.deepStrictEqual([failed, cause?.message], ["done", "enough"])
        assert.include(["succeeded", "failed", "timed_out"], status)
        // what was decided before the time was over may be concluded after it
        if (status === "succeeded" || status === "failed") {
          assert.strictEqual((yield* stepsOf(handle.id))[0]!.status, status)
        }
      }), { concurrency: 16, discard: true })
  })
)
