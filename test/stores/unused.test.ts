/** Rule 23.9: who does not use it does not pay for it. */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { readFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { Stepped } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { embedded } from "../harness/databases.ts"

const root = resolve(import.meta.dirname, "../..")

/** What a module loads: what it imports, and those. */
const loads = (entry: string, found = new Set<string>()): ReadonlySet<string> => {
  if (found.has(entry)) return found
  found.add(entry)
  const text = readFileSync(join(root, entry), "utf8")
  for (const [, types, path] of text.matchAll(/^(?:import|export) (type )?(?:[^"]*? from )?"(\.[^"]+)"/gm)) {
    if (types === undefined) loads(join(dirname(entry), path!), found)
  }
  return found
}

const isTheirs = (path: string) => /^src\/(stores|ai)\/|^src\/sql\/(rates|elements)\.ts$/.test(path)

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const honk = Stepped.action("honk").step(() => Effect.void)
const Cars = Stepped.actions(Car, [honk])

describe("stores and tools", () => {
  it("23.9: are loaded by nothing but themselves", () => {
    for (const entry of ["index", "embedded/index", "testing/index", "http/index", "cli/index", "dashboard/index"]) {
      const found = loads(`src/${entry}.ts`)
      assert.isAbove(found.size, 1)
      assert.deepStrictEqual([...found].filter(isTheirs), [], entry)
    }
    assert.isTrue([...loads("src/stores/index.ts")].some((path) => path === "src/sql/rates.ts"))
  })

  it.effect("23.9: have tables that nobody looks at who has neither", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const looks = Effect.gen(function*() {
        yield* sql`select pg_stat_force_next_flush()`
        const rows = yield* sql<{ looks: number }>`select (coalesce(seq_scan, 0) + coalesce(idx_scan, 0))::int as looks
          from pg_stat_user_tables where relname in ('rate_limits', 'queue_elements', 'live_actions') order by relname`
        return rows.map(({ looks }) => looks)
      })
      const [live, ...theirs] = yield* looks
      const car = (yield* Cars.client)(1)
      yield* car.honkLater()
      yield* performSteppedActions()
      const [liveNow, ...theirsNow] = yield* looks
      assert.isAbove(liveNow!, live!)
      assert.deepStrictEqual([theirsNow, theirs.length], [theirs, 2])
    }).pipe(Effect.provide(Cars.layer.pipe(Layer.provideMerge(embedded.layer())))))
})
