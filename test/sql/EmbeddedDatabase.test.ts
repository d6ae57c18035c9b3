import { assert, describe, it } from "@effect/vitest"
import { Cause, Duration, Effect, Exit, Fiber, Latch, Result, Stream } from "effect"
import type { SqlError } from "effect/sql"
import { TestClock } from "effect/testing"
import { once } from "node:events"
import { existsSync } from "node:fs"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"
import { EmbeddedDatabaseError } from "../../src/sql/EmbeddedDatabase.ts"
import { addCar, inFolder, inMemory, places, runProgram, temporaryFolder, wasShutDown } from "./fixtures/embedded.ts"

describe("the client of the embedded database", () => {
  it.live("takes and gives the same values as that of a server", () =>
    inMemory((sql) =>
      Effect.gen(function*() {
        yield* sql`CREATE TABLE specimens (
          id uuid PRIMARY KEY, big int8, tags text[], numbers int8[], facts jsonb, seen timestamptz, raw bytea, nothing text
        )`
        const specimen = {
          id: "0196a7a8-7e5c-7cc4-a7f5-0d2a3c6f1b11",
          big: 9_007_199_254_740_993n,
          tags: ["a", "b,\"c\"", "{}", "ü"],
          numbers: [1n, -2n],
          facts: { text: "x", list: [1, null, { y: true }] },
          seen: new Date("2026-02-03T04:05:06.789Z"),
          raw: new Uint8Array([0, 255, 88]),
          nothing: null
        }
        const insert = (id: string) =>
          sql`INSERT INTO specimens VALUES (${id}, ${specimen.big}, ${specimen.tags}, ${specimen.numbers},
            ${sql.json(specimen.facts)}, ${specimen.seen}, ${specimen.raw}, ${specimen.nothing}) RETURNING *`
        const [row] = yield* insert(specimen.id)
        assert.deepStrictEqual<unknown>({ ...row, raw: new Uint8Array(row?.raw as Uint8Array) }, specimen)
        // by now the statement is prepared
        const [again] = yield* insert("0196a7a8-7e5c-7cc4-a7f5-0d2a3c6f1b12")
        assert.deepStrictEqual(again?.facts, specimen.facts)
        const found = yield* sql`SELECT 1 AS one FROM specimens WHERE id = ANY(${[specimen.id]}::uuid[])`
        assert.deepStrictEqual(found, [{ one: 1 }])
      })
    ))

  it.live("runs the statements of many fibers, more kinds of them than stay prepared", () =>
    inMemory((sql) =>
      Effect.gen(function*() {
        const sums = yield* Effect.forEach(
          Array.from({ length: 400 }, (_, index) => index),
          (index) => sql<{ sum: number }>`SELECT ${index}::int + ${sql.literal(String(index % 150))} AS sum`,
          { concurrency: 50 }
        )
        assert.deepStrictEqual(sums.map(([row]) => row?.sum), sums.map((_, index) => index + index % 150))
      })
    ))

  it.live("returns an error as SqlError and takes the next statement", () =>
    inMemory((sql) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(sql`INSERT INTO cars VALUES (${1}, ${"Rome"})`)
        assert.strictEqual(error._tag, "SqlError")
        assert.strictEqual(error.reason._tag, "UniqueViolation")
        assert.strictEqual((yield* Effect.flip(sql`SELEC`)).reason._tag, "SqlSyntaxError")
        assert.strictEqual((yield* Effect.flip(sql`SELECT 1 / ${0}::int`))._tag, "SqlError")
        yield* sql`INSERT INTO cars VALUES (${2}, ${"Rome"})`
        assert.deepStrictEqual(yield* places(sql), ["London", "Rome"])
      })
    ))

  it.live("keeps each answer with its statement when some of many fail", () =>
    inMemory((sql) =>
      Effect.gen(function*() {
        const results = yield* Effect.forEach(
          Array.from({ length: 100 }, (_, index) => index),
          (index) => Effect.result(sql<{ ratio: number }>`SELECT 100 / ${index % 5}::int AS ratio`),
          { concurrency: "unbounded" }
        )
        const ratios = results.map((result) => Result.isSuccess(result) ? result.success[0]?.ratio : "failed")
        assert.deepStrictEqual(
          ratios,
          results.map((_, index) => index % 5 === 0 ? "failed" : Math.trunc(100 / (index % 5)))
        )
      })
    ))

  it.live("commits a transaction, rolls back one that fails, and nests", () =>
    inMemory((sql) =>
      Effect.gen(function*() {
        yield* sql.withTransaction(Effect.gen(function*() {
          yield* addCar(sql, "Rome")
          yield* Effect.ignore(sql.withTransaction(Effect.andThen(addCar(sql, "Oslo"), sql`SELECT 1 / 0`)))
          yield* addCar(sql, "Paris")
        }))
        yield* Effect.ignore(sql.withTransaction(Effect.andThen(addCar(sql, "Bern"), Effect.fail("no"))))
        assert.deepStrictEqual(yield* places(sql), ["London", "Rome", "Paris"])
      })
    ))

  it.live("lets others wait until an open transaction has ended", () =>
    inMemory((sql) =>
      Effect.gen(function*() {
        const order: Array<string> = []
        const entered = yield* Latch.make()
        const transaction = yield* Effect.forkChild(sql.withTransaction(Effect.gen(function*() {
          yield* addCar(sql, "Rome")
          yield* entered.open
          yield* Effect.sleep("30 millis")
          order.push("committed")
        })))
        yield* entered.await
        assert.deepStrictEqual(yield* Effect.ensuring(places(sql), Effect.sync(() => order.push("read"))), [
          "London",
          "Rome"
        ])
        yield* Fiber.join(transaction)
        assert.deepStrictEqual(order, ["committed", "read"])
      })
    ))

  it.live("streams a large result, and can be left in its middle", () =>
    inMemory((sql) =>
      Effect.gen(function*() {
        const numbers = sql<{ n: number }>`SELECT n, repeat('x', 500) FROM generate_series(1, 20000) AS n`.stream
        assert.strictEqual(yield* Stream.runCount(numbers), 20000)
        const some = yield* numbers.pipe(Stream.map(({ n }) => n), Stream.take(3), Stream.runCollect)
        assert.deepStrictEqual(some, [1, 2, 3])
        assert.deepStrictEqual(yield* places(sql), ["London"])
      })
    ))

  it.live("lets timers fire while a fiber runs one statement after the other", () =>
    inMemory((sql) =>
      Effect.gen(function*() {
        const timer = yield* Effect.forkChild(Effect.as(Effect.sleep("1 millis"), "fired"))
        yield* Effect.forEach(Array.from({ length: 500 }), () => sql`SELECT 1`, { discard: true })
        assert.isDefined(timer.pollUnsafe())
      })
    ))
})

/** Interrupts a statement and keeps the thread busy, so that its answer is late and the client asks to cancel it. */
const interruptBusily = Effect.fnUntraced(function*<A, E>(statement: Effect.Effect<A, E>) {
  // timers come next, and only then what is due immediately, such as the answer
  yield* Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)))
  const fiber = yield* Effect.forkChild(statement, { startImmediately: true })
  fiber.interruptUnsafe()
  const until = performance.now() + 30
  while (performance.now() < until);
  return yield* Fiber.await(fiber)
})

describe("the session of the embedded database", () => {
  it.live("goes on after a statement that was interrupted", () =>
    inMemory((sql) =>
      Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(sql`SELECT pg_sleep(0.05)`, { startImmediately: true })
        yield* Fiber.interrupt(fiber)
        assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
        assert.isTrue(Exit.isFailure(yield* Effect.exit(Effect.timeout(sql`SELECT pg_sleep(0.05)`, "10 millis"))))
        const waiting = yield* Effect.forEach([1, 2, 3], () => Effect.forkChild(sql`SELECT pg_sleep(0.01)`))
        yield* Effect.yieldNow
        yield* Fiber.interruptAll(waiting)
        assert.deepStrictEqual(yield* places(sql), ["London"])
      })
    ))

  it.live("goes on after an interrupted transaction, which is rolled back", () =>
    inMemory((sql) =>
      Effect.gen(function*() {
        const added = yield* Latch.make()
        const fiber = yield* Effect.forkChild(
          sql.withTransaction(addCar(sql, "Rome").pipe(Effect.andThen(added.open), Effect.andThen(Effect.never)))
        )
        yield* added.await
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual(yield* places(sql), ["London"])
      })
    ))

  it.live("keeps a transaction whole though the client cancels one of its statements", () =>
    inMemory((sql) =>
      Effect.gen(function*() {
        yield* sql`CREATE TEMPORARY TABLE marks ()`
        yield* sql.withTransaction(Effect.gen(function*() {
          yield* addCar(sql, "Rome")
          const [duration, exit] = yield* Effect.timed(interruptBusily(sql`SELECT 1`))
          assert.isTrue(Exit.hasInterrupts(exit))
          assert.isBelow(Duration.toMillis(duration), 2000)
          yield* Effect.sleep("20 millis")
          yield* addCar(sql, "Paris")
        }))
        assert.deepStrictEqual(yield* places(sql), ["London", "Rome", "Paris"])
        // the client gave the session up, so all that it held is gone
        assert.strictEqual((yield* Effect.flip(sql`SELECT FROM marks`))._tag, "SqlError")
      })
    ))

  it.live("is replaced when it breaks, and its transaction is rolled back", () =>
    inMemory((sql) =>
      Effect.gen(function*() {
        yield* sql`SET search_path = pg_catalog`
        const tooLarge = sql`SELECT repeat('x', 17 * 1024 * 1024)`
        const broken = yield* Effect.exit(sql.withTransaction(Effect.andThen(
          sql`INSERT INTO public.cars VALUES (2, 'Rome')`,
          tooLarge
        )))
        assert.isTrue(Exit.isFailure(broken) && Cause.pretty(broken.cause).includes("maxMessageSize"))
        assert.deepStrictEqual(yield* places(sql), ["London"])
        yield* addCar(sql, "Rome")
        assert.deepStrictEqual(yield* places(sql), ["London", "Rome"])
      })
    ))

  it.live("fails for good, but fails, when the database has crashed", () =>
    inMemory((sql) =>
      Effect.gen(function*() {
        yield* sql`CREATE FUNCTION forever() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN forever(); END'`
        const causeOf = (statement: Effect.Effect<unknown, SqlError.SqlError>) =>
          Effect.map(Effect.flip(statement), ({ reason }) => reason.cause instanceof Error ? reason.cause.message : "")
        assert.include(yield* causeOf(sql`SELECT forever()`), "crashed")
        assert.include(yield* causeOf(sql`SELECT 1`), "crashed")
        assert.include(yield* causeOf(sql`SELECT 1`), "crashed")
      })
    ))

  it.effect("stays the same while a test's clock leaps ahead", () =>
    inMemory((sql) =>
      Effect.gen(function*() {
        yield* sql`CREATE TEMPORARY TABLE marks ()`
        yield* TestClock.adjust("1 day")
        assert.deepStrictEqual(yield* sql`SELECT FROM marks`, [])
      })
    ))
})

describe("a dump of the embedded database", () => {
  it.live("starts databases that know nothing of each other", () =>
    Effect.gen(function*() {
      yield* inMemory((sql) => addCar(sql, "Rome"))
      assert.deepStrictEqual(yield* inMemory(places), ["London"])
    }))

  it.live("is refused in a folder that holds a database", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* inFolder(folder, places, { isEmpty: true })
      const error = yield* Effect.flip(inFolder(folder, places, { isEmpty: true }))
      assert.instanceOf(error, EmbeddedDatabaseError)
      assert.strictEqual(error.reason, "NotStarted")
      assert.include(String((error.cause as Error).message), "already exists")
      assert.deepStrictEqual(yield* inFolder(folder, places), ["London"])
    }))
})

describe("a database in a folder", () => {
  it.live("is there again when it is opened again, also after it was left inside a transaction", () =>
    Effect.gen(function*() {
      const folder = Path.join(yield* temporaryFolder, "of", "a", "garage")
      yield* inFolder(folder, (sql) => addCar(sql, "Rome"), { isEmpty: true })
      assert.isTrue(yield* wasShutDown(folder))
      yield* inFolder(folder, (sql) => Effect.andThen(sql`BEGIN`, addCar(sql, "Oslo")))
      assert.isTrue(yield* wasShutDown(folder))
      assert.deepStrictEqual(yield* inFolder(folder, places), ["London", "Rome"])
      assert.deepStrictEqual(yield* Effect.promise(() => Fs.readdir(folder)), ["pgdata"])
    }))

  it.live("starts empty where there is none", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* inFolder(folder, (sql) => sql`CREATE TABLE garages ()`)
      assert.deepStrictEqual(yield* inFolder(folder, (sql) => sql`SELECT FROM garages`), [])
    }))

  it.live("is made anew when its making was cut off", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* Effect.promise(async () => {
        await Fs.mkdir(Path.join(folder, "pgdata"))
        await Fs.writeFile(Path.join(folder, "pgdata", "PG_VERSION"), "18\n")
        await Fs.writeFile(Path.join(folder, "unfinished"), "")
      })
      assert.deepStrictEqual(yield* inFolder(folder, places, { isEmpty: true }), ["London"])
    }))

  it.live("says why it does not start", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* inFolder(folder, places, { isEmpty: true })
      yield* Effect.promise(() => Fs.writeFile(Path.join(folder, "pgdata", "PG_VERSION"), "14\n"))
      const error = yield* Effect.flip(inFolder(folder, places))
      assert.instanceOf(error, EmbeddedDatabaseError)
      assert.strictEqual(error.reason, "NotStarted")
      assert.include(error.message, folder)
      assert.include(error.message, "version 14")
      const file = Path.join(folder, "file")
      yield* Effect.promise(() => Fs.writeFile(file, ""))
      assert.include((yield* Effect.flip(inFolder(file, places))).message, file)
    }))
})

describe("the owner of a folder", () => {
  it.live("is alone, within a process as well", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* inFolder(
        folder,
        () =>
          Effect.gen(function*() {
            const error = yield* Effect.flip(inFolder(Path.relative(process.cwd(), folder), places))
            assert.instanceOf(error, EmbeddedDatabaseError)
            assert.strictEqual(error.reason, "InUse")
            assert.include(error.message, `process ${process.pid}`)
          }),
        { isEmpty: true }
      )
      assert.deepStrictEqual(yield* inFolder(folder, places), ["London"])
    }))

  it.live("keeps another process out while it lives; once it is killed, all that it committed is there", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* inFolder(folder, places, { isEmpty: true })
      const { child } = yield* runProgram(`
        await Effect.runPromise(Effect.gen(function*() {
          const sql = yield* PgClient.PgClient
          yield* sql\`INSERT INTO cars VALUES (2, 'Rome')\`
          yield* sql\`BEGIN\`
          yield* sql\`INSERT INTO cars VALUES (3, 'Oslo')\`
          yield* say("inserted")
          yield* Effect.sleep("1 hour")
        }).pipe(Effect.provide(layerClient({ dataDir: ${JSON.stringify(folder)} }))))`)
      const error = yield* Effect.flip(inFolder(folder, places))
      assert.instanceOf(error, EmbeddedDatabaseError)
      assert.strictEqual(error.reason, "InUse")
      assert.include(error.message, `process ${child.pid}`)
      const ended = once(child, "exit")
      child.kill("SIGKILL")
      yield* Effect.promise(() => ended)
      assert.isTrue(existsSync(Path.join(folder, "lock")))
      assert.deepStrictEqual(yield* inFolder(folder, places), ["London", "Rome"])
    }))

  it.live.each([
    {
      death: "another process was given its id",
      lock: JSON.stringify({ pid: process.pid, startedAt: "1", token: "t" })
    },
    { death: "a power failure emptied the lock", lock: "" }
  ])("is succeeded by exactly one of many when $death", ({ lock }) =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* Effect.promise(() => Fs.writeFile(Path.join(folder, "lock"), lock))
      const everyoneTried = yield* Latch.make()
      let tries = 0
      const attempts = Array.from({ length: 8 }, () =>
        Effect.result(inFolder(folder, () =>
          everyoneTried.await, { isEmpty: true })).pipe(
            Effect.tap(() => ++tries === 7 ? everyoneTried.open : Effect.void)
          ))
      const results = yield* Effect.all(attempts, { concurrency: "unbounded" })
      const reasons = results.map((result) =>
        Result.isSuccess(result) ? "opened" : (result.failure as EmbeddedDatabaseError).reason
      )
      assert.deepStrictEqual(reasons.sort(), [
        ...Array.from({ length: 7 }, () =>
          "InUse"),
        "opened"
      ])
      assert.deepStrictEqual(yield* Effect.promise(() => Fs.readdir(folder)), ["pgdata"])
    }))
})

describe("without the package of the embedded database", () => {
  it.live("says what to install", () =>
    Effect.gen(function*() {
      const { said } = yield* runProgram(`
        import { registerHooks } from "node:module"
        registerHooks({
          resolve: (specifier, context, next) => next(specifier.replace("@electric-sql/pglite", "@electric-sql/pglite-is-not-here"), context)
        })
        await Effect.runPromise(Effect.void.pipe(
          Effect.provide(layerClient()),
          Effect.catchTag("EmbeddedDatabaseError", ({ reason, message }) => say({ reason, message }))
        ))`)
      assert.deepStrictEqual(said, {
        reason: "NotInstalled",
        message: "The embedded database needs the package @electric-sql/pglite: npm install @electric-sql/pglite"
      })
    }))
})
