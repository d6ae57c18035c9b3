/** The embedded database has one process at a time: whoever opens it takes over what the one before died with. */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Option, Schema } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { ActionRepo, Stepped } from "stepped"
import * as Embedded from "stepped/embedded"
import { performSteppedActions } from "stepped/testing"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const honk = Stepped.action("honk").step(() => Effect.void)
const prepared = Stepped.action("prepared").before(() => Effect.void).step(() => Effect.void)

/** How many run beside each other, and how many have at most. */
const beside = { now: 0, most: 0 }
const race = Stepped.action("race").step(() =>
  Effect.gen(function*() {
    beside.most = Math.max(beside.most, ++beside.now)
    // as long as another one may begin
    yield* Effect.sleep(300)
    beside.now--
  })
)
const Cars = Stepped.actions(Car, [honk, prepared, race])

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "stepped-takeover-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

it.live("a process that died with running bodies leaves them to the next one", () =>
  Effect.gen(function*() {
    const dataDir = yield* folder
    const opened = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.provide(effect, Cars.layer.pipe(Layer.provideMerge(Embedded.layer({ dataDir }))))

    const ids = yield* opened(Effect.gen(function*() {
      const car = (yield* Cars.client)(1)
      const handles = [yield* car.honkLater(), yield* car.preparedLater()]
      // what a process that is killed now would leave: its row, and rows under its token
      const sql = yield* PgClient.PgClient
      yield* sql`
        WITH w AS (
          INSERT INTO stepped.workers (name, lease_until, started_at)
          VALUES ('killed', clock_timestamp() + interval '100 years', clock_timestamp()) RETURNING token)
        SELECT token FROM w`
      yield* sql`
        SELECT count(*) FROM stepped.claim((SELECT token FROM stepped.workers WHERE name = 'killed'), now(), 10, '{default}',
          '{Car/honk,Car/prepared}', '{1,1}', '{32,32}', '{false,true}', NULL, NULL)`
      return handles.map((handle) => handle.id)
    }))

    yield* opened(Effect.gen(function*() {
      yield* performSteppedActions()
      const repo = yield* ActionRepo
      const actions = yield* repo.list()
      assert.sameMembers(actions.map((action) => action.id), ids)
      assert.deepStrictEqual(actions.map((action) => action.status), ["succeeded", "succeeded"])
      assert.deepStrictEqual(yield* Stepped.doctor, [])
      // who looks at what has become of it sees that somebody had begun it before
      const tree = yield* Stepped.tree(ids[0]!)
      assert.match(
        Option.match(tree, { onNone: () => "", onSome: Stepped.renderTree }),
        /^honk Car\/1 .* begun 2 times/
      )
    }))
  }))

it.live("7.2: what has died with its process before is performed alone, and no longer than its attempts", () =>
  Effect.gen(function*() {
    const dataDir = yield* folder
    const opened = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.provide(effect, Cars.layer.pipe(Layer.provideMerge(Embedded.layer({ dataDir, attempts: 4 }))))

    const ids = yield* opened(Effect.gen(function*() {
      const cars = yield* Cars.client
      const handles = yield* Effect.forEach([1, 2, 3, 4], (id) => cars(id).raceLater())
      // what processes that are killed leave: the one of now, and those before; the last of them all has died each time
      const sql = yield* PgClient.PgClient
      yield* sql`
        INSERT INTO stepped.workers (name, lease_until, started_at)
        VALUES ('killed', clock_timestamp() + interval '100 years', clock_timestamp())`
      yield* sql`
        SELECT count(*) FROM stepped.claim((SELECT token FROM stepped.workers WHERE name = 'killed'), now(), 10, '{default}',
          '{Car/race}', '{1}', '{32}', '{false}', NULL, NULL)`
      yield* sql`update stepped.live_actions set attempts = case id when ${handles[3]!.id} then 3 else 1 end`
      return handles.map((handle) => handle.id)
    }))

    const raced = opened(Effect.gen(function*() {
      yield* Layer.build(Stepped.worker({ concurrency: 4 }))
      return yield* Effect.forEach(
        ids,
        (id, i) => Effect.flatMap(Stepped.handle(Car.ref(i + 1), race, id), (handle) => Effect.result(handle.await))
      )
    }))
    const [one, two, three, last] = yield* Effect.scoped(raced)
    assert.deepStrictEqual([one, two, three].map((result) => result!._tag), Array(3).fill("Success"))
    assert(last!._tag === "Failure")
    assert.include(last!.failure.message, "gave up after 4 attempts")
    assert.strictEqual(beside.most, 1)
  }))
