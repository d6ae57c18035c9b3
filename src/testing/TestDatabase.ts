/**
 * An embedded database that starts from a prepared copy: creating one and its tables takes seconds, copying it a fraction of one.
 */
import type { PgClient } from "@effect/sql-pg/PgClient"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type { SqlClient } from "effect/sql/SqlClient"
import { createHash, randomUUID } from "node:crypto"
import { readFile, rename, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { engineLayer, type EngineOptions, type LayerError, type Services } from "../engine/engineLayer.ts"
import { EmbeddedDatabase, type EmbeddedDatabaseError, layerClient } from "../sql/EmbeddedDatabase.ts"
import { migrate, schemaVersion } from "../sql/Migrations.ts"
import { Storage } from "../store/Storage.ts"
import { layerCrashing } from "./crashing.ts"

// the copy is kept beside other temporary files, so that the processes of one test run share it; its name says what is in it
const copyOf = (version: string): string => join(tmpdir(), `stepped-test-database-${version}.tar`)

// the package exports no version, and its entry point stands one folder below its description
const pgliteVersion = async (): Promise<string> => {
  const entry = createRequire(import.meta.url).resolve("@electric-sql/pglite")
  return String(JSON.parse(await readFile(join(dirname(entry), "..", "package.json"), "utf8")).version)
}

const version: Effect.Effect<string> = Effect.map(
  Effect.orElseSucceed(Effect.tryPromise(pgliteVersion), () => "unknown"),
  (pglite) => createHash("sha256").update(`${pglite}\n${schemaVersion}`).digest("hex").slice(0, 16)
)

const storage = Storage.layer({ schema: "stepped", deadline: Duration.minutes(1), embedded: true })

const prepare = Effect.gen(function*() {
  yield* migrate
  return yield* (yield* EmbeddedDatabase).dump
}).pipe(Effect.provide(Layer.merge(layerClient({}), storage)))

const prepared: Effect.Effect<Blob | undefined, LayerError | EmbeddedDatabaseError> = Effect.gen(function*() {
  const path = copyOf(yield* version)
  const found = yield* Effect.exit(Effect.tryPromise(() => readFile(path)))
  if (Exit.isSuccess(found)) return new Blob([new Uint8Array(found.value)])
  const dump = yield* prepare
  // written aside and renamed: a reader never sees half of it
  yield* Effect.ignore(Effect.tryPromise(async () => {
    const aside = `${path}.${randomUUID()}`
    await writeFile(aside, new Uint8Array(await dump.arrayBuffer()))
    await rename(aside, path)
  }))
  return dump
})

/** A client of a database that starts from the prepared copy. */
export const layerPreparedClient: Layer.Layer<PgClient | SqlClient, LayerError | EmbeddedDatabaseError> = Layer.unwrap(
  Effect.map(prepared, (dump) => layerClient({ loadDataDir: dump }))
)

/** The engine for tests; see `stepped/testing`. */
export const layerTestDatabase = (
  options: EngineOptions
): Layer.Layer<Services | PgClient | SqlClient, LayerError | EmbeddedDatabaseError> =>
  engineLayer({ ...options, databaseClock: false, notify: false }, true, false, layerCrashing).pipe(
    Layer.provideMerge(Layer.fresh(layerPreparedClient))
  )
