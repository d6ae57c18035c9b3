/** What has died with its process before is performed with nothing beside it: an action that kills its process takes nobody along for ever. */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Latch } from "effect"
import { type ActionHandle, ActionRepo, JobQueue } from "stepped"
import { healthy } from "../harness/databases.ts"
import { type Program, startProgram } from "../harness/Program.ts"
import { until } from "../harness/workers.ts"
import { Cars } from "./Garage.ts"
import { database, startEngine, startWorker } from "./starting.ts"

const workerProgram = new URL("./worker.ts", import.meta.url).pathname

const attemptsOf = (handle: ActionHandle) =>
  Effect.flatMap(
    ActionRepo,
    (repo) => Effect.map(Effect.flatMap(repo.find(handle.id), Effect.fromOption), ({ attempts }) => attempts)
  )

const started = ({ said }: Program) => said.filter(({ event }) => event === "started").map(({ what }) => what)

describe("what has died with its process before", () => {
  it.live("kills nobody a third time: what died with it twice is performed, and it fails", () =>
    Effect.gen(function*() {
      const url = yield* database
      const client = yield* startEngine(url)
      yield* Effect.gen(function*() {
        const car = yield* Cars.client
        const poison = yield* car(0).workLater("poison, once the others run")
        const others = yield* Effect.forEach([1, 2, 3], (id) => car(id).workLater("gate"))
        const programs: Array<Program> = []
        // as a supervisor would: a worker that is gone is started again
        const supervisor = yield* Effect.forkChild(Effect.forever(Effect.scoped(Effect.gen(function*() {
          const program = yield* startProgram(workerProgram, { url, env: { ATTEMPTS: "3", POISON_MS: "500" } })
          programs.push(program)
          if (programs.length > 3) yield* program.tell("go")
          yield* program.ended
        }))))
        assert.include((yield* Effect.flip(poison.await)).message, "gave up after 3 attempts")
        yield* Effect.forEach(others, (handle) => handle.await)
        yield* Fiber.interrupt(supervisor)
        for (const together of programs.slice(0, 2)) assert.lengthOf(started(together), 4)
        assert.deepStrictEqual(started(programs[2]!), ["poison, once the others run"])
        assert.deepStrictEqual(started(programs[3]!), ["gate", "gate", "gate"])
        assert.deepStrictEqual(yield* Effect.forEach(others, attemptsOf), [3, 3, 3])
        yield* healthy
      }).pipe(Effect.provide(client))
    }))

  it.live("begins when the workers of its process have nothing else, and they go on when it has ended", () =>
    Effect.gen(function*() {
      const url = yield* database
      const ran: Array<string> = []
      const gates = { before: Latch.makeUnsafe(), suspect: Latch.makeUnsafe() }
      const body = (what: string) =>
        Effect.gen(function*() {
          ran.push(what)
          if (what === "before" || what === "suspect") yield* gates[what].await
        })
      // two leases long the others wait: for longer than this takes
      const worker = yield* startWorker(url, body, { concurrency: 4, lease: "10 seconds" })
      yield* Effect.gen(function*() {
        const car = yield* Cars.client
        const queue = yield* JobQueue
        const sql = yield* PgClient.PgClient
        const before = yield* car(1).tripLater("before", "next")
        yield* until("it runs", Effect.sync(() => ran.length === 1))
        yield* queue.pause({ actorType: "Car", name: "work" }, { reason: "the test" })
        const suspect = yield* car(2).workLater("suspect")
        yield* sql`update stepped.jobs set priority = 1005, attempts = 2 where action = ${suspect.id}`
        yield* queue.resume({ actorType: "Car", name: "work" })
        yield* until(
          "it is reserved",
          Effect.map(
            sql`select from stepped.jobs where priority = 1005 and token is not null`,
            (rows) => rows.length === 1
          )
        )
        const after = yield* car(3).workLater("after")
        yield* Effect.sleep(300)
        assert.deepStrictEqual(ran, ["before"])
        yield* gates.before.open
        yield* until("it runs", Effect.sync(() => ran.length === 2))
        yield* Effect.sleep(300)
        assert.deepStrictEqual(ran, ["before", "suspect"])
        yield* gates.suspect.open
        for (const handle of [suspect, before, after]) yield* handle.await
        assert.sameMembers(ran, ["before", "suspect", "next", "after"])
        yield* healthy
      }).pipe(Effect.provide(worker))
    }))

  it.live("7.2: counts the attempts that an action says itself, where its worker has the action", () =>
    Effect.gen(function*() {
      const url = yield* database
      const client = yield* startEngine(url)
      const gate = Latch.makeUnsafe()
      const ran: Array<string> = []
      yield* Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const car = yield* Cars.client
        const suspects = [
          { deaths: 1, handle: yield* car(1).brittleLater("brittle") },
          { deaths: 7, handle: yield* car(2).sturdyLater("sturdy") }
        ]
        // somebody else has them, until he dies
        yield* sql`insert into stepped.workers (name, lease_until, started_at)
          values ('another', clock_timestamp() + interval '1 hour', clock_timestamp())`
        for (const { deaths, handle } of suspects) {
          yield* sql`update stepped.jobs set priority = 1001, attempts = ${deaths - 1}, token = w.token
            from stepped.workers w where w.name = 'another' and action = ${handle.id}`
        }
        const other = yield* car(3).workLater("gate")
        yield* startWorker(url, (what) => {
          ran.push(what)
          return what === "gate" ? gate.await : Effect.void
        }, { lease: "10 seconds" })
        yield* until("it runs", Effect.sync(() => ran.length === 1))
        yield* sql`delete from stepped.workers where name = 'another'`
        yield* until(
          "they are to be performed alone",
          Effect.map(sql`select from stepped.jobs where priority = 1005`, (rows) => rows.length === 2)
        )
        assert.deepStrictEqual(ran, ["gate"])
        yield* gate.open
        for (const handle of [other, ...suspects.map(({ handle }) => handle)]) yield* handle.await
        yield* healthy
      }).pipe(Effect.provide(client))
    }))
})
