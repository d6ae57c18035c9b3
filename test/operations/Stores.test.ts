/** Rule 23.7 with a process that dies. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { PersistedQueue } from "effect/persistence"
import { SqlClient } from "effect/sql"
import { resolve } from "node:path"
import { Stepped } from "stepped"
import { layerPersistedQueueStore } from "stepped/stores"
import { startProgram } from "../harness/Program.ts"
import { isPooled, layerServer, TestDatabase } from "../harness/Server.ts"

const program = resolve(import.meta.dirname, "taking.ts")

const here = PersistedQueue.layer.pipe(
  Layer.provide(layerPersistedQueueStore()),
  Layer.provide(Stepped.layer({ notify: !isPooled })),
  Layer.provideMerge(layerServer({ template: { name: "migrated", migrate: Stepped.migrate() } }))
)

describe("a process that takes and dies", () => {
  it.live("23.7: leaves what it has taken to another one, once its lease is over, with the next attempt", () =>
    Effect.scoped(Effect.gen(function*() {
      const { url } = yield* TestDatabase
      const sql = yield* SqlClient.SqlClient
      const queue = yield* PersistedQueue.make({ name: "mails", schema: Schema.String })
      const first = yield* startProgram(program, { url, env: { HANGS: "yes" } })
      yield* first.says("ready")
      yield* queue.offer("Ada")
      assert.deepInclude(yield* first.says("took"), { mail: "Ada", attempts: 1 })
      yield* first.signal("SIGKILL")
      yield* first.ended
      const second = yield* startProgram(program, { url })
      assert.deepInclude(yield* second.says("took"), { mail: "Ada", attempts: 2 })
      yield* second.says("done")
      yield* queue.offer("Bob")
      assert.deepInclude(yield* second.says("took", 2), { mail: "Bob", attempts: 1 })
      yield* second.says("done", 2)
      const rows = yield* sql<{ state: number }>`select state from stepped.queue_elements where state <> 2`
      assert.deepStrictEqual(rows, [])
    })).pipe(Effect.provide(here)))
})
