/** The machine: starts server processes, asks how they are, and stops them. None of them outlives it. */
import { Console, Context, Duration, Effect, Exit, Layer, Scope, Stream } from "effect"
import { HttpClient } from "effect/http"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { fileURLToPath } from "node:url"
import { Builder } from "./Builder.ts"
import { Faults } from "./Faults.ts"
import type { SiteEntry } from "./Manifest.ts"
import { holdingPage } from "./models.ts"

/** Where servers report that they are ready. */
export class CallbackUrl extends Context.Service<CallbackUrl, string>()("deploy/CallbackUrl") {}

export class Host extends Context.Service<Host, {
  /** Starts a server; `onEnd` is told the last line of its output if it ends by itself. */
  readonly start: (
    site: SiteEntry,
    release: string,
    id: string,
    onEnd: (output: string) => Effect.Effect<void>
  ) => Effect.Effect<void>
  readonly health: (port: number) => Effect.Effect<{ readonly isHealthy: boolean; readonly answer: string }>
  readonly stop: (id: string) => Effect.Effect<void>
  /** Stops the servers of a site, except one. */
  readonly stopOthers: (site: string, kept: string | undefined) => Effect.Effect<void>
}>()("deploy/Host") {
  static readonly layer = Layer.effect(Host, Effect.suspend(() => make))
}

interface Running {
  readonly site: string
  readonly scope: Scope.Closeable
}

const program = fileURLToPath(new URL("server.ts", import.meta.url))

const make = Effect.gen(function*() {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const client = yield* HttpClient.HttpClient
  const builder = yield* Builder
  const faults = yield* Faults
  const callbackUrl = yield* CallbackUrl
  const servers = new Map<string, Running>()
  const handles: Array<ChildProcessSpawner.ChildProcessHandle> = []

  const stop = (id: string) =>
    Effect.suspend(() => {
      const server = servers.get(id)
      servers.delete(id)
      return server === undefined ? Effect.void : Scope.close(server.scope, Exit.void)
    })

  const stopAll = (ids: ReadonlyArray<string>) => Effect.forEach(ids, stop, { concurrency: "unbounded", discard: true })

  yield* Effect.addFinalizer(() =>
    Effect.gen(function*() {
      if (handles.length === 0) return
      yield* stopAll([...servers.keys()])
      const left = yield* Effect.filter(handles, (handle) => Effect.orDie(handle.isRunning))
      const pids = left.map(({ pid }) => pid).join(", ")
      yield* Console.log(
        left.length === 0
          ? `All ${handles.length} server processes of this run have ended.`
          : `Still running: process ${pids}`
      )
    })
  )

  const start = Effect.fn("Host.start")(
    function*(site: SiteEntry, release: string, id: string, onEnd: (output: string) => Effect.Effect<void>) {
      // A step may run twice, if its worker dies before it has said what came of it.
      yield* stop(id)
      const isHolding = release === holdingPage
      const scope = yield* Scope.make()
      const command = ChildProcess.make(process.execPath, ["--disable-warning=ExperimentalWarning", program], {
        env: {
          SERVER_ID: id,
          SERVER_RELEASE: release,
          SERVER_TITLE: site.title,
          SERVER_FOLDER: isHolding ? "" : builder.folder(site.name, release),
          SERVER_WARM_UP: isHolding ? "0" : String(Duration.toMillis(site.warmUp)),
          SERVER_READY_URL: callbackUrl,
          SERVER_FAULT: isHolding ? "" : faults.get(site.name) ?? "",
          DATABASE_URL: undefined // no business of theirs
        },
        extendEnv: true,
        stdout: "ignore",
        forceKillAfter: "2 seconds"
      })
      const handle = yield* spawner.spawn(command).pipe(Scope.provide(scope))
      servers.set(id, { site: site.name, scope })
      handles.push(handle)
      const end = Effect.gen(function*() {
        const output = yield* Stream.mkString(Stream.decodeText(handle.stderr))
        yield* Effect.exit(handle.exitCode)
        yield* onEnd(output.trim().split("\n").at(-1) ?? "")
      })
      // stopping a server interrupts this first: only one that ends by itself is told of
      yield* Effect.forkIn(Effect.ignore(end), scope)
    },
    Effect.orDie
  )

  const health = (port: number) =>
    client.get(`http://127.0.0.1:${port}/health`).pipe(
      Effect.flatMap((response) =>
        Effect.map(
          response.text,
          (text) => ({ isHealthy: response.status === 200, answer: `${response.status} ${text}` })
        )
      ),
      Effect.timeout("1 second"),
      Effect.orElseSucceed(() => ({ isHealthy: false, answer: "nothing" }))
    )

  return Host.of({
    start,
    health,
    stop,
    stopOthers: (site, kept) =>
      Effect.suspend(() =>
        stopAll([...servers].flatMap(([id, server]) => server.site === site && id !== kept ? [id] : []))
      )
  })
})
