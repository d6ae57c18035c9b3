/**
 * A PgBouncer in transaction mode in front of a server, as a scoped resource: every transaction of a client may meet another of few
 * sessions. The program comes from the machine; it ends with the process that started it, for whatever reason that is gone.
 */
import { Clock, Effect, Redacted, Schedule } from "effect"
import type { Scope } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import * as Fs from "node:fs/promises"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import * as Path from "node:path"
import { attempt, findPort, findUser, type PostgresServerError } from "./PostgresServer.ts"

export interface PgBouncer {
  /** The server's, by way of PgBouncer. */
  readonly url: Redacted.Redacted
  /** What PgBouncer prints: errors, sessions that it has closed and why. */
  readonly logFile: string
}

/** Where PgBouncer is: what `STEPPED_PGBOUNCER` names, or what is on the path. */
export const pgBouncerPath = (): string | undefined => {
  const folders = [...(process.env.PATH ?? "").split(Path.delimiter), "/usr/sbin"]
  return process.env.STEPPED_PGBOUNCER || folders.map((folder) => Path.join(folder, "pgbouncer")).find(existsSync)
}

/** Starts PgBouncer for all databases of a server, with its role. */
export const startPgBouncer = Effect.fnUntraced(function*(
  path: string,
  server: Redacted.Redacted
): Effect.fn.Return<PgBouncer, PostgresServerError, Scope.Scope> {
  const user = yield* attempt("No user to run PgBouncer as", findUser)
  const port = yield* attempt("No free port", findPort)
  const folder = yield* attempt(
    `No temporary folder in ${tmpdir()}`,
    () => Fs.mkdtemp(Path.join(tmpdir(), "stepped-pgbouncer-"))
  )
  const logFile = Path.join(folder, "pgbouncer.log")
  const url = new URL(Redacted.value(server))
  yield* attempt("PgBouncer cannot be configured", async () => {
    const [name, password] = [url.username, url.password].map(decodeURIComponent)
    const files = {
      "pgbouncer.ini": `[databases]
* = host=${url.hostname} port=${url.port || "5432"}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${folder}/users
logfile = ${logFile}
log_connections = 0
log_disconnections = 0
pool_mode = transaction
; sessions are few and taken in turns, so that nobody meets the same one twice in a row
default_pool_size = 20
server_round_robin = 1
max_client_conn = 1000
; a server that comes back is asked at once
server_login_retry = 1
`,
      users: `"${name}" "${password}"\n`
    }
    for (const [file, text] of Object.entries(files)) {
      await Fs.writeFile(Path.join(folder, file), text, { mode: 0o600 })
      if (user.uid !== undefined && user.gid !== undefined) await Fs.chown(Path.join(folder, file), user.uid, user.gid)
    }
    if (user.uid !== undefined && user.gid !== undefined) await Fs.chown(folder, user.uid, user.gid)
  })
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      // its input ends when this process closes it or is gone
      const script = `"$1" "$2/pgbouncer.ini" > "$2/output" 2>&1 &
        cat > /dev/null
        kill -KILL $!
        wait
        rm -rf "$2"`
      const guard = spawn("sh", ["-c", script, "sh", path, folder], {
        ...user,
        cwd: "/",
        detached: true,
        stdio: ["pipe", "ignore", "ignore"]
      })
      guard.unref()
      return guard
    }),
    (guard) =>
      Effect.promise(async () => {
        guard.ref()
        const ended = once(guard, "exit")
        guard.stdin.end()
        await ended
      })
  )
  yield* attempt(`PgBouncer does not answer on port ${port}`, () => answers(port)).pipe(
    Effect.retry({ schedule: Schedule.spaced("20 millis"), times: 250 }),
    Effect.catch((error) =>
      Effect.flatMap(
        Effect.promise(() => Fs.readFile(Path.join(folder, "output"), "utf8").catch(() => "")),
        (printed) => attempt(error.message, () => Promise.reject(new Error(printed)))
      )
    ),
    Effect.provideService(Clock.Clock, Clock.Clock.defaultValue())
  )
  url.host = `127.0.0.1:${port}`
  return { url: Redacted.make(url.href), logFile }
})

const answers = async (port: number): Promise<void> => {
  const socket = connect(port, "127.0.0.1")
  try {
    await once(socket, "connect")
  } finally {
    socket.destroy()
  }
}
