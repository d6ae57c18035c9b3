/**
 * The engine over a Postgres inside this very process (PGlite): for programs on one machine, examples and tests.
 *
 * It stands apart from `stepped`, so that a program on a server neither needs nor bundles the package `@electric-sql/pglite`.
 *
 * @since 0.1.0
 */
import type { PgClient } from "@effect/sql-pg/PgClient"
import type * as Layer from "effect/Layer"
import type { SqlClient } from "effect/sql/SqlClient"
import { callableLayer } from "../engine/callableLayer.ts"
import type { EngineOptions, LayerError, Services } from "../engine/engineLayer.ts"
import type { EmbeddedDatabase, EmbeddedDatabaseError } from "../sql/EmbeddedDatabase.ts"
import { embeddedLayer } from "./embeddedLayer.ts"

export { EmbeddedDatabase, EmbeddedDatabaseError } from "../sql/EmbeddedDatabase.ts"

/**
 * Settings of {@link layer}.
 *
 * @category models
 * @since 0.1.0
 */
export interface LayerOptions extends EngineOptions {
  /** The folder of the database; in memory if not given. */
  readonly dataDir?: string | undefined
}

/**
 * The engine over an embedded Postgres, in memory or in a folder, with its tables created: a layer as it is, or, called, a layer with
 * settings.
 *
 * **Details**
 *
 * The `PgClient` of the database is provided too. Needs the package `@electric-sql/pglite`.
 *
 * **Gotchas**
 *
 * The database has one session: an open `sql.withTransaction` holds the engine up, and a statement that the transaction's own fiber
 * issues outside of it waits for ever.
 *
 * A bundler has to keep `@electric-sql/pglite` external: it reads files beside itself, which a bundle leaves behind.
 *
 * **Example** (A worker in one process with its database)
 *
 * ```ts
 * import { Layer } from "effect"
 * import { Stepped } from "stepped"
 * import * as Embedded from "stepped/embedded"
 *
 * const Main = Stepped.worker().pipe(Layer.provideMerge(Embedded.layer({ dataDir: "data" })))
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer:
  & Layer.Layer<Services | EmbeddedDatabase | PgClient | SqlClient, LayerError | EmbeddedDatabaseError>
  & ((
    options?: LayerOptions
  ) => Layer.Layer<Services | EmbeddedDatabase | PgClient | SqlClient, LayerError | EmbeddedDatabaseError>) =
    callableLayer(({ dataDir, ...options }: LayerOptions = {}) => embeddedLayer(options, { dataDir }))
