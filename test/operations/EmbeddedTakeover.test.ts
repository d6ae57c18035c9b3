/** The embedded database has one process at a time: whoever opens it takes over what the one before died with. */
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { ActionRepo, Stepped } from "stepped"
import * as Embedded from "stepped/embedded"
import { performSteppedActions } from "stepped/testing"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const honk = Stepped.action("honk").step(() => Effect.void)
const prepared = Stepped.action("prepared").before(() => Effect.void).step(() => Effect.void)
const Cars = Stepped.actions(Car, [honk, prepared])

it.live("a process that died with running bodies leaves them to the next one", () =>
  Effect.gen(function*() {
    const dataDir = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "stepped-takeover-"))),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
    )
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
    }))
  }))
