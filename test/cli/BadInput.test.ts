/** Bad values at every flag and argument, and verbs on ids that are none of theirs. Nothing is changed by any of it. */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Stepped } from "stepped"
import { layerUrl } from "../harness/Server.ts"
import { Cars, garage, until } from "./fixtures/garage.ts"
import { id, verbs, why, wrong, wrongOf } from "./fixtures/wrong.ts"

const tables = [
  "live_actions",
  "ended_actions",
  "jobs",
  "pauses",
  "steps",
  "slots",
  "signals",
  "achievements",
  "memos",
  "seats",
  "retries",
  "action_keys",
  "outcomes",
  "resumed",
  "schedules"
]

/** All that is stored, table by table, but for what workers say of themselves; what was refused is recorded, where it is asked for by somebody. */
const stored = (schema = "stepped") =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    const rows: Record<string, ReadonlyArray<string>> = {}
    for (const table of tables) {
      const found = yield* sql.unsafe<{ row: string }>(
        `select to_jsonb(x)::text as row from ${schema}.${table} x order by 1`
      )
      rows[table] = found.map(({ row }) => row)
    }
    return rows
  })
const operations = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  return yield* sql`select verb, target, outcome from stepped.operations order by id`
})

describe("bad input", () => {
  it.live("300 bad values are refused, each with what is wrong with it, and change nothing", () =>
    Effect.gen(function*() {
      const { client, services, stepped } = yield* garage
      yield* client(1).visitNow("London")
      const [asks, outside] = [yield* client(2).askLater(), yield* client(3).outsideLater()]
      for (const { id } of [asks, outside]) {
        yield* until("it waits", Effect.map(stepped("why", id), ({ out }) => / waits (since|to be) /.test(out)))
      }
      const all = Effect.provide(Effect.all([stored(), operations]), services)
      const before = yield* all
      assert.isAtLeast(wrong.length, 300)
      const through: Array<string> = []
      const ofThese = wrongOf(asks.id, outside.id)
      for (const args of [...wrong, ...ofThese]) {
        const { code, err } = yield* stepped(...args)
        // 1: understood, and there is nothing to it
        const isRefused = code === 2 && err.trim() !== "" || code === 1 && args.includes(id)
        const isRead = !ofThese.includes(args) || /is no JSON|does not fit/.test(err)
        if (!isRefused || !isRead) through.push(`${code}: ${args.join(" ").slice(0, 100)}: ${err.slice(0, 200)}`)
      }
      assert.deepStrictEqual(through, [])
      assert.deepStrictEqual(yield* all, before)
    }))
})

/** Actions as they may be met, each with the verbs that are for one like that. */
const meeting = ({ client, objects, services, stepped }: Effect.Success<typeof garage>) =>
  Effect.gen(function*() {
    const done = yield* client(1).visitNow("London").pipe(Effect.as(undefined), Effect.exit)
    assert.strictEqual(done._tag, "Success")
    const succeeded = (yield* objects("ls", "--actor", "Car/1"))[0]!.id
    yield* Effect.exit(client(2).visitNow("nowhere"))
    const failed = (yield* objects("ls", "--actor", "Car/2"))[0]!.id
    const [asks, waits, held, queued] = [
      yield* client(3).askLater(),
      yield* client(4).outsideLater(),
      yield* client(5).repairLater(),
      yield* client(6).with({ delay: "1 day" }).visitLater("Paris")
    ]
    const isThere = (...flags: ReadonlyArray<string>) =>
      Effect.map(objects("ls", ...flags), ({ length }) => length === 1)
    yield* until("it is held", isThere("--held"))
    for (const { id } of [asks, waits]) {
      yield* until("it waits", Effect.map(stepped("why", id), ({ out }) => / waits (since|to be) /.test(out)))
    }
    const other = yield* client(7).with({ delay: "1 day" }).visitLater("Rome")
    yield* stepped("cancel", "--where", "actor=Car/7", "--yes", ...why)
    assert.isFalse(yield* other.cancel().pipe(Effect.provide(services)))
    const own = (yield* objects("ls", "--actor", "Stepped"))[0]!.id
    const queue = ["cancel", "reprioritise", "reschedule"]
    const waiting = ["cancel", "try-again", "skip", "fail", "complete-step"]
    return [
      [id, []],
      [succeeded, ["delete"]],
      [own, ["delete"]],
      [failed, ["delete", "retry"]],
      [queued.id, queue],
      [asks.id, [...waiting, "signal"]],
      [waits.id, [...waiting, "complete"]],
      [held.id, waiting]
    ] as ReadonlyArray<readonly [string, ReadonlyArray<string>]>
  })

/** Each verb, for one of them. */
const asked = (target: string) => [
  ...verbs.map((verb) => [verb, target, ...why]),
  ["reprioritise", target, "5", ...why],
  ["reschedule", target, "2026-01-01", ...why],
  ["complete-step", target, "1", ...why],
  ["signal", target, "go", "{\"by\":\"me\"}", ...why],
  ["complete", target, "1", ...why]
]

describe("verbs", () => {
  it.live("verbs on what they are not for change nothing, and say so", () =>
    Effect.gen(function*() {
      const found = yield* garage
      const { services, stepped } = found
      const targets = yield* meeting(found)
      const before = yield* Effect.provide(stored(), services)
      const fits: Array<string> = []
      for (const [target, its] of targets) {
        for (const args of asked(target).filter(([verb]) => !its.includes(verb!))) {
          const { code, err, out } = yield* stepped(...args)
          if (code !== 1 && code !== 2 || `${out}${err}`.trim() === "") {
            fits.push(`${code}: ${args.join(" ")}: ${out}${err}`)
          }
        }
      }
      assert.deepStrictEqual(fits, [])
      assert.deepStrictEqual(yield* Effect.provide(stored(), services), before)
    }))

  it.live("verbs on what another schema has change nothing in either", () =>
    Effect.gen(function*() {
      const { services, stepped, url } = yield* garage
      const elsewhere = yield* Layer.build(
        Layer.provideMerge(Stepped.layer({ schema: "elsewhere", migrate: true }), layerUrl(url))
      )
      const { id } = yield* (yield* Effect.provide(Cars.client, elsewhere))(1).with({ delay: "1 day" }).visitLater(
        "Oslo"
      )
      const both = Effect.provide(Effect.all([stored(), stored("elsewhere")]), services)
      const before = yield* both
      for (const args of asked(id)) {
        const { code, err, out } = yield* stepped(...args)
        assert.deepStrictEqual([code, `${out}${err}`.trim() === ""], [1, false], args.join(" "))
      }
      assert.deepStrictEqual(yield* both, before)
    }))
})
