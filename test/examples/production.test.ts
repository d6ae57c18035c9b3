/** The programs of a deployment, each a process of its own: tables are made, a server enqueues, a worker performs and ends. */
import { assert, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { spawn } from "node:child_process"
import { join, resolve } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { freshDatabase } from "../harness/Server.ts"

const root = resolve(import.meta.dirname, "../..")

/** A program of the example, its output so far, and its end. */
const start = (name: string, url: Redacted.Redacted) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn(process.execPath, [join(root, "examples/production", name)], {
        cwd: root,
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, DATABASE_URL: Redacted.value(url), PORT: "0" }
      })
      let output = ""
      for (const stream of [child.stdout, child.stderr]) {
        stream.on("data", (chunk: Buffer) => {
          output += String(chunk)
        })
      }
      const ended = new Promise<number | NodeJS.Signals | null>((done) => {
        child.on("close", (code, signal) => done(code ?? signal))
      })
      return {
        output: () => output,
        stop: () => child.kill("SIGTERM"),
        ended: Effect.promise(() => ended),
        prints: (pattern: RegExp) =>
          Effect.promise(async () => {
            for (;;) {
              const found = pattern.exec(output)
              if (found !== null) return found
              if (child.exitCode !== null) throw new Error(`no ${pattern} in\n${output}`)
              await sleep(20)
            }
          })
      }
    }),
    ({ ended, stop }) => Effect.andThen(Effect.sync(stop), ended)
  )

const ask = (url: string, init?: RequestInit) =>
  Effect.promise(async () => {
    const response = await fetch(url, init)
    return { status: response.status, body: response.status === 404 ? undefined : await response.json() as any }
  })

it.live(
  "a migration, a server and a worker: what the server enqueues the worker performs, and ends when it is told to",
  () =>
    Effect.gen(function*() {
      const { url } = yield* freshDatabase()
      const early = yield* start("worker.ts", url)
      assert.strictEqual(yield* early.ended, 1)
      assert.include(early.output(), "SchemaMissing")

      const migration = yield* start("migrate.ts", url)
      assert.strictEqual(yield* migration.ended, 0, migration.output())
      assert.match(migration.output(), /^1 \w+/)

      const server = yield* start("server.ts", url)
      const [, address] = yield* server.prints(/Listening on (http:\S+:\d+)/)
      const visits = `${address!}/cars/1/visits`
      const { body, status } = yield* ask(visits, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ to: "London" })
      })
      assert.strictEqual(status, 202)
      assert.deepStrictEqual((yield* ask(`${visits}/${body.id}`)).body, { status: "queued" })
      const waiting = yield* ask(new URL("/waiting", visits).href)
      assert.deepInclude(waiting.body[0], { name: "visit", due: 1 })

      const worker = yield* start("worker.ts", url)
      yield* worker.prints(/car 1 has arrived/)
      while ((yield* ask(`${visits}/${body.id}`)).body.status !== "succeeded") yield* Effect.sleep("20 millis")
      assert.strictEqual((yield* ask(`${visits}/01a221e7-a816-7000-8863-61814a527b68`)).status, 404)

      worker.stop()
      yield* worker.ended
      assert.notInclude(worker.output(), "ERROR")
    })
)
