/** Rule 18.3 where the same is asked for at one moment, as by who asks again while the first try is still to commit. */
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Layer, type Scope } from "effect"
import type { SqlClient } from "effect/sql"
import { ActionRepo, JobQueue, type OperatorVerb, type Stepped } from "stepped"
import { ada, held, Mines, verbs } from "../behaviour/fixtures/operations.ts"
import { healthy, server } from "../harness/databases.ts"
import { performIdle } from "../harness/performing.ts"
import { blocked, holding } from "../harness/racing.ts"

const scenario = <A, E>(
  name: string,
  run: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient | Scope.Scope>
) =>
  it.effect(
    name,
    () => Effect.provide(Effect.scoped(Effect.andThen(run(), healthy)), Layer.provideMerge(Mines.layer, server.layer()))
  )
const operations = Effect.flatMap(ActionRepo, (repo) => repo.operations({ by: "ada" }))

const recorded: ReadonlyArray<OperatorVerb> = [
  "ActionRepo.skipStep",
  "ActionRepo.abandonUnwinding",
  "ActionRepo.retry",
  "ActionRepo.resumeExecution",
  "ActionRepo.interruptExecution",
  "JobQueue.pause",
  "JobQueue.resume",
  "AchievementStore.forget",
  "Stepped.cancel"
]
for (const verb of recorded) {
  scenario(`18.3: ${verb}, asked for twice at one moment, is recorded once`, () =>
    Effect.gen(function*() {
      const { ask } = yield* verbs[verb]
      const commit = yield* holding(ask)
      const again = yield* Effect.forkScoped(ask)
      yield* blocked(1)
      yield* commit
      yield* Fiber.join(again)
      assert.deepStrictEqual((yield* operations).map((record) => `${record.verb} ${record.outcome}`), [`${verb} done`])
      yield* performIdle
    }))
}

scenario("18.3: the same, refused twice at one moment, is recorded once", () =>
  Effect.gen(function*() {
    const repo = yield* ActionRepo
    const queue = yield* JobQueue
    const { step } = yield* held
    yield* queue.pause("everything", { by: "bob", reason: "before" })
    const ahead = repo.skipStep({ ...step, attemptNumber: 3 }, ada)
    for (const ask of [ahead, queue.pause("everything", ada), repo.retry(step.action, ada)]) {
      const commit = yield* holding(ask)
      const again = yield* Effect.forkScoped(ask)
      yield* blocked(1)
      yield* commit
      yield* Fiber.join(again)
    }
    assert.deepStrictEqual((yield* operations).map(({ outcome }) => outcome), ["live", "already", "notStarted"])
  }))
