/**
 * Postgres inside this very process: PGlite, in memory or in a folder, reached through `PgClient`.
 *
 * PGlite takes protocol messages by function call, and `PgClient` speaks the protocol over any Duplex, so a Duplex
 * around that call is the whole connection: no port, no server, and not a line of SQL that differs.
 *
 * @since 0.1.0
 */
import { PgClient, type PgTypes } from "@effect/sql-pg"
import type { PGlite } from "@electric-sql/pglite"
import { Clock, Context, Duration, Effect, Layer, Schema } from "effect"
import type { Scope } from "effect"
import type { Reactivity } from "effect/reactivity"
import type { SqlClient } from "effect/sql"
import { Buffer } from "node:buffer"
import { existsSync } from "node:fs"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"
import { Duplex } from "node:stream"
import { takeLock } from "./folderLock.ts"

// -------------------------------------------------------------------------------------------------------------------
// models
// -------------------------------------------------------------------------------------------------------------------

/**
 * Says why the embedded database does not start.
 *
 * **Details**
 *
 * `NotInstalled`: the optional package `@electric-sql/pglite` is missing. `InUse`: a living process has the folder
 * open. `NotStarted`: anything else, with the `cause`.
 *
 * @category errors
 * @since 0.1.0
 */
export class EmbeddedDatabaseError extends Schema.TaggedError<EmbeddedDatabaseError>("stepped/EmbeddedDatabaseError")(
  "EmbeddedDatabaseError",
  {
    reason: Schema.Literals(["NotInstalled", "InUse", "NotStarted"]),
    message: Schema.String,
    cause: Schema.optional(Schema.Defect())
  }
) {}

/**
 * Where an embedded database lives and what it starts from.
 *
 * @category models
 * @since 0.1.0
 */
export interface EmbeddedDatabaseOptions {
  /**
   * The folder that keeps the data, made together with its parents if it is missing. In memory when omitted.
   * The database's own files are in `pgdata` below it.
   */
  readonly dataDir?: string | undefined
  /** A dump to start from instead of an empty database. The folder, if there is one, must hold no database yet. */
  readonly loadDataDir?: Blob | undefined
  /** How its client reads and writes values; as any, if not given. */
  readonly types?: PgTypes.Registry | undefined
}

/**
 * What an embedded database offers beyond its `PgClient`.
 *
 * @category services
 * @since 0.1.0
 */
export class EmbeddedDatabase extends Context.Service<EmbeddedDatabase, {
  /**
   * Copies the whole database as an uncompressed tarball, which `loadDataDir` takes. Starting from one takes a tenth
   * of the time that an empty database takes to be made.
   */
  readonly dump: Effect.Effect<Blob, EmbeddedDatabaseError>
}>()("stepped/EmbeddedDatabase") {}

// -------------------------------------------------------------------------------------------------------------------
// layers
// -------------------------------------------------------------------------------------------------------------------

/**
 * Starts an embedded database and provides a `PgClient` for it.
 *
 * **Details**
 *
 * Needs the optional package `@electric-sql/pglite`. Closing the layer shuts the database down; a folder can then be
 * opened again, by this process or another. What is committed in a folder survives the death of the process, but not
 * a power failure: PGlite does not `fsync`.
 *
 * **Gotchas**
 *
 * - There is one session. An open `sql.withTransaction` holds up everything else that uses this client, the engine
 *   included; `PgClient.listen` takes the session for good, so that nothing else ever runs.
 * - A statement runs on this thread until it is done: neither interruption nor `statement_timeout` cuts it short.
 * - A folder has one owner at a time. Processes that cannot see each other, such as those of two containers that share
 *   a volume, are not told apart from dead ones.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerClient = (
  options: EmbeddedDatabaseOptions = {}
): Layer.Layer<PgClient.PgClient | SqlClient.SqlClient | EmbeddedDatabase, EmbeddedDatabaseError> =>
  Layer.merge(PgClient.layerFrom(makeClient(options)), layerDump).pipe(
    Layer.provide(Layer.effect(Instance, start(options)))
  )

// -------------------------------------------------------------------------------------------------------------------
// the client
// -------------------------------------------------------------------------------------------------------------------

class Instance extends Context.Service<Instance, PGlite>()("stepped/EmbeddedDatabase/Instance") {}

const makeClient = ({ types }: EmbeddedDatabaseOptions): Effect.Effect<
  PgClient.PgClient,
  EmbeddedDatabaseError,
  Instance | Scope.Scope | Reactivity.Reactivity
> =>
  Effect.gen(function*() {
    const pglite = yield* Instance
    return yield* PgClient.make({
      stream: makeSessions(pglite),
      ...types === undefined ? {} : { types },
      username: "postgres",
      database: "postgres",
      // A pool of exactly one never closes an idle session, and with it the user's settings and temporary tables.
      minConnections: 1,
      maxConnections: 1,
      // A session that replaces a broken one waits until that has let go of the database, however long it takes.
      connectTimeout: Duration.infinity
    })
  }).pipe(
    // The pool's timers are none of a test's time, which would wait for them or make them go off.
    Effect.provideService(Clock.Clock, Clock.Clock.defaultValue()),
    Effect.catchTag("SqlError", (error) => Effect.fail(notStarted("The embedded database refused its session", error)))
  )

const layerDump = Layer.effect(
  EmbeddedDatabase,
  Effect.map(Instance, (pglite) => ({
    // The files are copied between two statements, with the log: for whoever starts from them, it is as after a crash.
    dump: Effect.tryPromise({
      try: () => pglite.dumpDataDir("none"),
      catch: (cause) => notStarted("The embedded database cannot be dumped", cause)
    })
  }))
)

// -------------------------------------------------------------------------------------------------------------------
// protocol
// -------------------------------------------------------------------------------------------------------------------

const terminateTag = "X".charCodeAt(0)
const cancelRequestCode = 80877102
const readyForQuery = { tag: "Z".charCodeAt(0), length: 6 }

/**
 * Makes the factory of sessions: Duplexes that give what is written to PGlite, and read as its answers.
 *
 * There is one backend behind all of them, so a session first clears away what the last one left (an open transaction,
 * settings, prepared statements), and not before that one has ended: the pool opens the replacement of a broken session
 * while the broken one may still be inside a transaction.
 */
const makeSessions = (pglite: PGlite): () => Duplex => {
  let vacated = Promise.resolve()
  let crash: Error | undefined

  const exchange = async (message: Uint8Array): Promise<Buffer> => {
    if (crash !== undefined) throw crash
    const parts: Array<Uint8Array> = []
    // The memory that PGlite shows here is its own and is overwritten by the next message.
    await pglite.execProtocolRawStream(message, { onRawData: (data) => parts.push(data.slice()) })
    const answer = Buffer.concat(parts)
    if (answer.at(-readyForQuery.length) === readyForQuery.tag) return answer
    // PGlite survives a crash of Postgres, such as by an endless recursion, but it no longer ends its answers, and
    // `PgClient` would wait forever.
    crash = new Error("The embedded database has crashed")
    throw crash
  }

  return () => {
    let leave = () => {}
    const begin = async (startup: Uint8Array): Promise<Buffer> => {
      const before = vacated
      vacated = new Promise((resolve) => {
        leave = () => void before.then(resolve)
      })
      await before
      if (session.destroyed) return Buffer.alloc(0)
      if (crash !== undefined) throw crash
      await pglite.exec("ROLLBACK")
      await pglite.exec("DISCARD ALL")
      return exchange(startup)
    }

    // `PgClient` writes whole messages, always up to the `Sync` that closes the cycle, and a Writable takes up the next
    // chunk only when the last one is answered. That keeps the order; nothing is ever answered in part.
    const session = new Duplex({
      read() {},
      write(message: Buffer, _encoding, done) {
        const isOpening = message[0] === 0
        if (message[0] === terminateTag || (isOpening && message.readInt32BE(4) === cancelRequestCode)) {
          // A cancel request comes on a stream of its own, and always too late: statements run to their end.
          done()
          session.destroy()
          return
        }
        const answered = isOpening ? begin(message) : exchange(message)
        answered.then((answer) =>
          setImmediate(() => {
            session.push(answer)
            done()
          }), done)
      },
      destroy(error, done) {
        leave()
        done(error)
      }
    })
    return session
  }
}

// -------------------------------------------------------------------------------------------------------------------
// start and stop
// -------------------------------------------------------------------------------------------------------------------

const notStarted = (message: string, cause: unknown): EmbeddedDatabaseError =>
  new EmbeddedDatabaseError({ reason: "NotStarted", message, cause })

const start = (options: EmbeddedDatabaseOptions): Effect.Effect<PGlite, EmbeddedDatabaseError, Scope.Scope> =>
  options.dataDir === undefined
    ? open("in memory", options)
    : startInFolder(Path.resolve(options.dataDir), options.loadDataDir)

const startInFolder = Effect.fnUntraced(function*(
  folder: string,
  loadDataDir: Blob | undefined
): Effect.fn.Return<PGlite, EmbeddedDatabaseError, Scope.Scope> {
  const pgdata = Path.join(folder, "pgdata")
  const unfinished = Path.join(folder, "unfinished")
  yield* lockFolder(folder)
  const isNew = yield* inFolder(folder, async () => {
    // Whoever died while making the database left files that look like one.
    if (existsSync(unfinished)) await Fs.rm(pgdata, { recursive: true, force: true })
    if (existsSync(Path.join(pgdata, "PG_VERSION"))) return false
    await Fs.writeFile(unfinished, "")
    return true
  })
  const pglite = yield* open(`in ${folder}`, { dataDir: pgdata, loadDataDir })
  if (isNew) yield* inFolder(folder, () => Fs.rm(unfinished))
  return pglite
})

const open = Effect.fnUntraced(function*(
  where: string,
  { dataDir, loadDataDir }: EmbeddedDatabaseOptions
): Effect.fn.Return<PGlite, EmbeddedDatabaseError, Scope.Scope> {
  const { PGlite } = yield* loadPackage
  // PGlite's own errors say no more than that it did not start; Postgres says why.
  const reasons: Array<string> = []
  let isStarting = true
  const onStderr = (line: string): boolean => {
    const reason = isStarting ? /(?:FATAL|PANIC|DETAIL|HINT): +(.*)/.exec(line)?.[1] : undefined
    if (reason !== undefined) reasons.push(reason)
    return true
  }
  const pglite = yield* Effect.acquireRelease(
    Effect.tryPromise({
      try: () =>
        PGlite.create({
          ...(dataDir !== undefined && { dataDir }),
          ...(loadDataDir !== undefined && { loadDataDir }),
          onStderr
        }),
      catch: (cause) =>
        notStarted(
          [`The embedded database does not start ${where}`, ...reasons, ...adviceForBundles(cause)].join(": "),
          cause
        )
    }),
    (pglite) => Effect.promise(() => pglite.close())
  )
  isStarting = false
  return pglite
})

const loadPackage = Effect.tryPromise({
  try: () => import("@electric-sql/pglite"),
  catch: (cause) =>
    isMissingPackage(cause)
      ? new EmbeddedDatabaseError({
        reason: "NotInstalled",
        message: "The embedded database needs the package @electric-sql/pglite: npm install @electric-sql/pglite",
        cause
      })
      : notStarted("The package @electric-sql/pglite cannot be loaded", cause)
})

/** A bundler takes PGlite's code along, and leaves the files behind that it reads beside itself. */
const adviceForBundles = (cause: unknown): ReadonlyArray<string> => {
  const path = cause instanceof Error && "path" in cause ? String(cause.path) : ""
  return /^(pglite|initdb)\.(data|wasm)$/.test(Path.basename(path)) ?
    [
      `${path} is missing, as where a bundler has put @electric-sql/pglite into the program's file: name that package ` +
      "external, and have it installed where the program runs"
    ] :
    []
}

const isMissingPackage = (cause: unknown): boolean =>
  cause instanceof Error && "code" in cause && cause.code === "ERR_MODULE_NOT_FOUND" &&
  cause.message.includes("@electric-sql/pglite")

const inFolder = <A>(folder: string, evaluate: () => Promise<A>): Effect.Effect<A, EmbeddedDatabaseError> =>
  Effect.tryPromise({
    try: evaluate,
    catch: (cause) => notStarted(`The folder ${folder} cannot be used`, cause)
  })

// -------------------------------------------------------------------------------------------------------------------
// one owner per folder
// -------------------------------------------------------------------------------------------------------------------

/**
 * Two PGlites in one folder would both write it to pieces, and neither Postgres' own lock (in single-user mode every
 * process has the same id) nor PGlite prevents that. So the owner is named in a file of ours.
 */
const lockFolder = (folder: string): Effect.Effect<void, EmbeddedDatabaseError, Scope.Scope> => {
  const path = Path.join(folder, "lock")
  return Effect.asVoid(Effect.acquireRelease(
    Effect.flatMap(
      inFolder(folder, async () => {
        await Fs.mkdir(folder, { recursive: true })
        return takeLock(path)
      }),
      (taken) =>
        taken === undefined ? Effect.void : Effect.fail(
          new EmbeddedDatabaseError({
            reason: "InUse",
            message: `The folder ${folder} is in use by process ${taken.pid}. If that process is no user of it, ` +
              `remove ${path}.`
          })
        )
    ),
    () => Effect.promise(() => Fs.rm(path, { force: true }))
  ))
}
