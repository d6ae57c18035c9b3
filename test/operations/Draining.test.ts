/** Rule 18.6: a worker that is drained by its row: in a process, in a program that goes on, while it dies, and in the command. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import { ActionRepo, AmbiguousWorker, JobQueue, UnknownWorker } from "stepped"
import { healthy } from "../harness/databases.ts"
import { recordOf } from "../harness/observing.ts"
import { startProgram } from "../harness/Program.ts"
import { until } from "../harness/workers.ts"
import { Cars } from "./Garage.ts"
import { database, startEngine, startWorker } from "./starting.ts"

const workerProgram = new URL("./worker.ts", import.meta.url).pathname
const ada = { by: "ada", reason: "the machine goes" }

const workers = Effect.flatMap(JobQueue, (queue) => queue.workers)
const operations = Effect.flatMap(ActionRepo, (repo) => repo.operations({ verbs: ["JobQueue.drain"] }))
const drain = (worker: string) => Effect.flatMap(JobQueue, (queue) => queue.drain(worker, ada))
/** The one that is there has renewed its lease so many times. */
const renewals = (count: number) =>
  Effect.gen(function*() {
    const lease = Effect.map(workers, ([worker]) => worker!.leaseUntil.getTime())
    for (let n = 0; n < count; n++) {
      const before = yield* lease
      yield* until("it renews its lease", Effect.map(lease, (now) => now > before))
    }
  })
const goneIs = (name: string) =>
  until(`${name} is gone`, Effect.map(workers, (all) => all.every((worker) => worker.name !== name)))

describe("a worker that is drained", () => {
  it.live("18.6: takes nothing new, finishes what it has in hand, and goes; its program lives on, and performs nothing", () =>
    Effect.gen(function*() {
      const url = yield* database
      const client = yield* startEngine(url)
      yield* Effect.gen(function*() {
        const env = { LEASE_MS: "3000", GRACE_MS: "600000", WORKERS: "left=default" }
        const program = yield* startProgram(workerProgram, { url, env })
        yield* program.says("ready")
        const car = yield* Cars.client
        const ending = yield* car(1).workLater("gate")
        yield* program.says("started")
        const [before] = yield* workers
        assert.deepInclude({ ...before }, { name: "left", drainingSince: undefined, inHand: 1 })

        assert.strictEqual(yield* drain("left"), "done")
        assert.strictEqual(yield* drain("left"), "draining")
        assert.strictEqual(yield* drain(before!.id), "draining")
        assert.isDefined((yield* workers)[0]!.drainingSince)
        // what comes until it has seen that, with the renewal of its lease, it may take; from then on nothing
        const queue = yield* JobQueue
        yield* renewals(2)
        const late = yield* car(2).workLater("quick")
        yield* renewals(1)
        assert.strictEqual((yield* late.status).status, "queued")
        // it lives, and has what it has in hand
        assert.deepInclude({ ...(yield* workers)[0] }, { name: "left", inHand: 1 })
        yield* program.tell("go")
        yield* goneIs("left")
        assert.deepInclude({ ...yield* recordOf(ending.id) }, { status: "succeeded", attempts: 1 })
        assert.strictEqual((yield* queue.backlog).reduce((sum, { due }) => sum + due, 0), 1)
        const [record] = (yield* operations).filter(({ outcome }) => outcome === "done")
        assert.deepInclude({ ...record }, { ...ada, verb: "JobQueue.drain", target: "worker left", outcome: "done" })
        yield* healthy
        yield* program.signal("SIGTERM")
        yield* program.ended
      }).pipe(Effect.provide(client))
    }))

  it.live("18.6: what it has not finished within its grace period is for others, and no attempt is burnt", () =>
    Effect.gen(function*() {
      const url = yield* database
      const client = yield* startEngine(url)
      yield* Effect.gen(function*() {
        const drained = yield* Deferred.make<void>()
        const started = yield* Deferred.make<void>()
        const car = yield* Cars.client
        const handle = yield* car(1).workLater("x")
        yield* startWorker(url, () => Effect.andThen(Deferred.succeed(started, undefined), Effect.never), {
          name: "first",
          lease: "4 seconds",
          gracePeriod: "10 millis",
          onDrained: Effect.asVoid(Deferred.succeed(drained, undefined))
        })
        yield* Deferred.await(started)
        assert.strictEqual(yield* drain("first"), "done")
        // its program knows when it has stopped
        yield* Deferred.await(drained)
        yield* goneIs("first")
        yield* startWorker(url, () => Effect.void, { name: "second" })
        yield* handle.await
        assert.deepInclude({ ...yield* recordOf(handle.id) }, { status: "succeeded", attempts: 1 })
        yield* healthy
      }).pipe(Effect.provide(client))
    }))

  it.live("18.6: one that dies while it drains is taken over as any", () =>
    Effect.gen(function*() {
      const url = yield* database
      const client = yield* startEngine(url)
      yield* Effect.gen(function*() {
        const env = { LEASE_MS: "3000", GRACE_MS: "600000", WORKERS: "left=default" }
        const program = yield* startProgram(workerProgram, { url, env })
        yield* program.says("ready")
        const handle = yield* (yield* Cars.client)(1).workLater("gate")
        yield* program.says("started")
        yield* drain("left")
        yield* program.signal("SIGKILL")
        yield* program.ended
        // nobody takes over here: it is dead, and still there
        yield* until(
          "its lease is over",
          Effect.map(workers, ([worker]) => worker !== undefined && worker.leaseUntil.getTime() < Date.now())
        )
        const error = yield* Effect.flip(drain("left"))
        assert.instanceOf(error, UnknownWorker)
        assert.deepInclude({ ...error }, { worker: "left", reason: "dead" })
        yield* startWorker(url, () => Effect.void)
        yield* handle.await
        assert.deepInclude({ ...yield* recordOf(handle.id) }, { status: "succeeded", attempts: 2 })
        yield* goneIs("left")
        yield* healthy
      }).pipe(Effect.provide(client))
    }))

  it.live("18.6: one of which nobody knows, or of which there are several, is not drained", () =>
    Effect.gen(function*() {
      const url = yield* database
      const client = yield* startEngine(url)
      yield* Effect.gen(function*() {
        for (const unknown of ["nobody", "1", "9".repeat(30)]) {
          const error = yield* Effect.flip(drain(unknown))
          assert.instanceOf(error, UnknownWorker)
          assert.deepInclude({ ...error }, { worker: unknown, reason: "unknown" })
        }
        yield* startWorker(url, () => Effect.void, { name: "same" })
        const { name } = (yield* workers)[0]!
        yield* startWorker(url, () => Effect.void, { name })
        const error = yield* Effect.flip(drain("same"))
        assert.instanceOf(error, AmbiguousWorker)
        const ids = (yield* workers).map(({ id }) => id)
        assert.deepStrictEqual(error.ids, ids)
        assert.strictEqual(yield* drain(ids[0]!), "done")
        yield* until("one is gone", Effect.map(workers, (all) => all.length === 1))
        // the other one performs
        yield* (yield* (yield* Cars.client)(1).workLater("x")).await
        assert.deepStrictEqual((yield* workers).map(({ drainingSince, id }) => [drainingSince, id]), [[
          undefined,
          ids[1]
        ]])
        yield* healthy
      }).pipe(Effect.provide(client))
    }))
})
