/** Rule 17.4: a tree, as a value and as text for a terminal. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Option, Schedule } from "effect"
import type { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { ActionRepo, JobQueue, Stepped } from "stepped"
import { healthy, suite } from "../harness/databases.ts"
import { performIdle } from "../harness/performing.ts"
import { Hotels, paid, scene, tour, Travellers, trip, TripsLive } from "./fixtures/trips.ts"

const options = { handledDefects: () => false, retry: Schedule.spaced("10 seconds"), attempts: 3 }

const linesOf = (id: string, limit?: number) =>
  Effect.map(Stepped.tree(id, { limit }), (tree) => Stepped.renderTree(Option.getOrThrow(tree)).split("\n"))

/** Passes some time, and performs what is due then. */
const after = (duration: "1 hour" | "1 minute" | "10 seconds", times = 1) =>
  Effect.repeat(Effect.andThen(TestClock.adjust(duration), performIdle), { times: times - 1 })

suite("trees", (engine) => {
  const test = <A, E>(
    name: string,
    scenario: () => Effect.Effect<A, E, Stepped.Services | SqlClient.SqlClient>
  ) =>
    it.effect(name, () =>
      Effect.suspend(() => {
        Object.assign(scene, { isFull: true, failing: 0 })
        return Effect.andThen(scenario(), healthy)
      }).pipe(Effect.provide(TripsLive.pipe(Layer.provideMerge(engine.layer(options))))))
  const traveller = Effect.map(Travellers.client, (travellers) => travellers("Ann"))

  test("17.4: the text says how far each part is, what failed and in which attempt, and what was undone or not", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* traveller).tripLater("May")
      yield* performIdle
      assert.deepStrictEqual(yield* linesOf(handle.id), [
        "trip Traveller/Ann  performing  1970-01-01T00:00:00.000Z  goes on 1970-01-01T00:01:00.000Z  times out 1970-01-02T00:00:00.000Z",
        "└─ prepare  performing  since 1970-01-01T00:00:00.000Z",
        "   ├─ wash Traveller/Ann  performing  1970-01-01T00:00:00.000Z  goes on 1970-01-01T00:00:10.000Z",
        "   │  └─ soap  performing  since 1970-01-01T00:00:00.000Z",
        "   │     └─ wait  open  until 1970-01-01T00:00:10.000Z",
        "   ├─ wash Traveller/Ann  performing  1970-01-01T00:00:00.000Z  goes on 1970-01-01T00:00:10.000Z  see above",
        "   ├─ pack Traveller/Ann  succeeded  0ms",
        "   └─ wait  open  until 1970-01-01T00:01:00.000Z"
      ])
      yield* after("1 minute")
      assert.deepStrictEqual((yield* linesOf(handle.id)).slice(-3), [
        "└─ pay  performing  since 1970-01-01T00:01:00.000Z",
        "   ├─ signal paid  open",
        "   └─ signal called  open  until 1970-01-01T01:01:00.000Z"
      ])
      yield* handle.send(paid, 5)
      yield* after("1 hour", 4)
      const why = "NoRoom: no room in \\u{1b}[31mMay\\u{202e}"
      assert.deepStrictEqual(yield* linesOf(handle.id), [
        "trip Traveller/Ann  failed  1970-01-01T00:00:00.000Z  4h 1m",
        `├─ trip Traveller/Ann › book › reserve Hotel/3: ${why}`,
        "├─ not undone: book: the line is dead",
        "├─ prepare  succeeded  1m",
        "│  ├─ wash Traveller/Ann  succeeded  1m",
        "│  │  └─ soap  succeeded  1m",
        "│  │     └─ wait  succeeded  until 1970-01-01T00:00:10.000Z",
        "│  ├─ wash Traveller/Ann  succeeded  1m  see above",
        "│  ├─ pack Traveller/Ann  succeeded  0ms  undone",
        "│  │  └─ pack  succeeded  0ms",
        "│  └─ wait  succeeded  until 1970-01-01T00:01:00.000Z",
        "├─ pay  succeeded  1h",
        "│  ├─ signal paid  succeeded",
        "│  └─ signal called  timed_out  until 1970-01-01T01:01:00.000Z",
        "├─ book  failed  1h  attempt 2",
        `│  ├─ attempt 1 failed: ${why}  0ms  next at 1970-01-01T01:01:02.000Z`,
        "│  ├─ reserve Hotel/3  failed  0ms",
        `│  │  └─ ${why}`,
        "│  └─ reserve Hotel/3  failed  0ms",
        `│     └─ ${why}`,
        "├─ undo book  failed  2h",
        "│  └─ the line is dead",
        "├─ undo pay  succeeded  0ms",
        "│  └─ release Hotel/1  succeeded  0ms",
        "└─ undo prepare  succeeded  0ms",
        "   └─ pack Traveller/Ann  succeeded  0ms  undone  see above"
      ])
    }))

  test("17.4: the text says why something does not go on: it is tried again, held, delayed, paused", () =>
    Effect.gen(function*() {
      const client = yield* traveller
      scene.failing = 1
      const handle = yield* client.visaLater()
      yield* performIdle
      assert.deepStrictEqual(yield* linesOf(handle.id), [
        "visa Traveller/Ann  performing  1970-01-01T00:00:00.000Z  goes on 1970-01-01T00:00:10.000Z",
        "├─ is tried again: boom",
        "└─ ask  performing  since 1970-01-01T00:00:00.000Z"
      ])
      yield* after("10 seconds")
      yield* after("1 minute", 4)
      assert.deepStrictEqual(yield* linesOf(handle.id), [
        "visa Traveller/Ann  performing  1970-01-01T00:00:00.000Z",
        "├─ ask  succeeded  10s",
        "├─ pick-up  failed  2m",
        "│  └─ passed: closed",
        "└─ 3  held  since 1970-01-01T00:02:10.000Z  attempt 2",
        "   ├─ attempt 1 failed: lost  0ms",
        "   └─ held: lost"
      ])
      yield* (yield* JobQueue).pause("everything", { reason: "a strike\u0007", by: "the pilots" })
      const later = yield* client.with({ delay: "1 hour" }).visaLater()
      assert.deepStrictEqual(yield* linesOf(later.id), [
        "visa Traveller/Ann  queued  enqueued 1970-01-01T00:04:10.000Z  goes on 1970-01-01T01:04:10.000Z",
        "└─ paused (everything) by the pilots: a strike\\u{7}"
      ])
      yield* handle.cancel({ reason: "no need" })
      yield* performIdle
      assert.deepStrictEqual((yield* linesOf(handle.id)).slice(0, 2), [
        "visa Traveller/Ann  cancelled  1970-01-01T00:00:00.000Z  4m 10s",
        "├─ visa Traveller/Ann: cancelled: no need"
      ])
    }))

  test("17.4: what is not in a tree any more, or beyond its limit, is counted by what it has come to", () =>
    Effect.gen(function*() {
      const handle = yield* (yield* traveller).tourLater()
      yield* performIdle
      const children = (yield* Effect.flatMap(ActionRepo, (repo) => repo.slots(handle.id))).map(({ child }) => child)
      assert.strictEqual(new Set(children).size, 4)
      assert.deepStrictEqual((yield* linesOf(handle.id)).slice(2), [
        "   ├─ release Hotel/1  succeeded  0ms",
        "   ├─ release Hotel/2  succeeded  0ms",
        "   ├─ release Hotel/3  succeeded  0ms",
        "   └─ release Hotel/4  succeeded  0ms"
      ])
      assert.deepStrictEqual((yield* linesOf(handle.id, 1)).slice(1), [
        "└─ all  succeeded  0ms",
        "   └─ 4 × release Hotel  4 succeeded  not read"
      ])
      assert.deepStrictEqual((yield* linesOf(handle.id, 4)).slice(5), ["   └─ release Hotel/4  succeeded  not read"])
    }))

  test("17.4: as a value it is typed where its definition is given, and none where it is another one's", () =>
    Effect.gen(function*() {
      const { id } = yield* (yield* traveller).tripLater("May")
      const found = Option.getOrThrow(yield* Stepped.tree(trip, id))
      // its arguments have their types
      const nights: ReadonlyArray<string> = Option.toArray(found.action.given).flat()
      assert.deepStrictEqual(nights, ["May"])
      assert.deepStrictEqual(yield* Stepped.tree(id), yield* Effect.flatMap(ActionRepo, (repo) => repo.tree(id)))
      assert.deepStrictEqual(yield* Stepped.tree(tour, id), Option.none())
      assert.deepStrictEqual(yield* Stepped.tree("nobody's"), Option.none())
      assert.deepStrictEqual(
        yield* Stepped.tree((yield* (yield* Hotels.client)(1).releaseLater()).id.replace(/.$/, "x")),
        Option.none()
      )
      const refused = yield* Effect.flip(Stepped.tree(id, { limit: 0 }))
      assert.deepInclude({ ...refused }, { _tag: "InvalidQuery", field: "limit of ActionRepo.tree" })
    }))
})
