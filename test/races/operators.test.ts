/** Rule 18.1 beside workers: several operators retry what workers end, and what they perform by then, at any moment. */
import { assert, beforeEach, it } from "@effect/vitest"
import { Effect, Option, References, Schema } from "effect"
import { ActionRepo, Step, Stepped } from "stepped"
import { healthy } from "../harness/databases.ts"
import { allEnded, layerWorkers, noDeadlock, until } from "../harness/workers.ts"
import { patienceMs } from "../patience.ts"

class Broken extends Schema.TaggedError<Broken>()("Broken", {}) {}
class Mill extends Stepped.Actor<Mill>()("Mill", { id: Schema.Int }) {}

/** How many actions: 60, or `STEPPED_ROUNDS`. */
const actions = Number(process.env.STEPPED_ROUNDS ?? 60)
const ran = new Map<string, number>()
beforeEach(() => ran.clear())
const counted = (name: string) => Effect.sync(() => void ran.set(name, (ran.get(name) ?? 0) + 1))

/** Fails unless it goes on for another one; its first step is done once. */
const grind = Stepped.action("grind", { arguments: [Schema.Int], success: Schema.Int, error: Broken })
  .step("fetch", (n) => counted(`fetch ${n}`))
  .step("grind", (n) =>
    Effect.gen(function*() {
      yield* counted(`grind ${n}`)
      const { actionId, idempotencyKey } = yield* Step
      if (idempotencyKey.startsWith(actionId)) return yield* new Broken()
    }))
  .step((n) => Effect.succeed(n))
const Mills = Stepped.actions(Mill, [grind])

/** Asks until the action has ended; what it is answered then. */
const operator = (id: string) =>
  Effect.gen(function*() {
    const repo = yield* ActionRepo
    let answer = yield* repo.retry(id)
    yield* until(
      "it has ended",
      Effect.gen(function*() {
        if (answer._tag !== "NotRetryable") return true
        assert.strictEqual(answer.reason, "live")
        answer = yield* repo.retry(id)
        return false
      })
    )
    return answer
  })

it.live(
  "18.1: operators that retry while workers perform make one new action, which does what is left, once",
  () =>
    Effect.gen(function*() {
      const mills = yield* Mills.client
      yield* Effect.forEach(Array.from({ length: actions }, (_, n) => n), (n) =>
        Effect.gen(function*() {
          const handle = yield* mills(n).grindLater(n)
          const answers = yield* Effect.all([operator(handle.id), operator(handle.id)], { concurrency: 2 })
          const made = answers.flatMap((answer) => answer._tag === "Retried" ? [answer.id] : [])
          assert.strictEqual(made.length, 1, JSON.stringify(answers))
          assert.deepStrictEqual(
            answers.flatMap((answer) => answer._tag === "AlreadyRetried" ? [answer.id] : []),
            made
          )
          const repo = yield* ActionRepo
          const ended = Effect.map(
            Effect.map(repo.find(made[0]!), Option.getOrThrow),
            ({ endedAt }) => endedAt !== undefined
          )
          // at any moment of its life
          yield* until(
            "what goes on has ended",
            Effect.gen(function*() {
              const isOver = yield* ended
              assert.deepStrictEqual(yield* repo.retry(handle.id), { _tag: "AlreadyRetried", id: made[0]! })
              const again = yield* repo.retry(made[0]!)
              assert(again._tag === "NotRetryable", JSON.stringify(again))
              assert.include(isOver ? ["status"] : ["live", "status"], again.reason)
              return isOver
            })
          )
          assert.deepInclude(Option.getOrThrow(yield* repo.find(made[0]!)), { status: "succeeded", result: n })
          assert.deepStrictEqual((yield* repo.list({ retryOf: handle.id })).map(({ id }) => id), made)
          assert.deepStrictEqual([ran.get(`fetch ${n}`), ran.get(`grind ${n}`)], [1, 2])
        }), { concurrency: 4 })
      yield* allEnded
      yield* healthy
      yield* noDeadlock
    }).pipe(
      Effect.provide(layerWorkers(Mills.layer, { engines: 3 })),
      Effect.provideService(References.MinimumLogLevel, "None")
    ),
  patienceMs + actions * 1500
)
