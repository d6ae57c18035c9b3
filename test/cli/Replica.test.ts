/** The command on a replica: all that looks looks there, and what changes something says that it cannot. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { execFile } from "node:child_process"
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { promisify } from "node:util"
import { Stepped } from "stepped"
import { layerUrl, startServer } from "../harness/Server.ts"
import { Cars, stepped, until } from "./fixtures/garage.ts"

const garageApp = resolve(import.meta.dirname, "fixtures/garageApp.ts")

const folder = Effect.acquireRelease(
  Effect.sync(() => {
    const path = mkdtempSync(join(tmpdir(), "stepped-replica-"))
    // the server may be another user's
    chmodSync(path, 0o755)
    return path
  }),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const visiting = (url: Redacted.Redacted) =>
  Effect.scoped(Effect.gen(function*() {
    const services = yield* Layer.build(
      Layer.provideMerge(Cars.layer, Layer.provideMerge(Stepped.layer({ migrate: true }), layerUrl(url)))
    )
    const cars = yield* Effect.provide(Cars.client, services)
    const done = yield* cars(1).visitNow("London")
    yield* Effect.ignore(cars(2).visitNow("nowhere"))
    const waits = yield* cars(3).with({ delay: "1 day" }).visitLater("Paris")
    return { done: done.id, waits: waits.id }
  }))

describe("a replica", () => {
  it.live("is looked at as what it follows is, and nothing is changed there", () =>
    Effect.gen(function*() {
      const flags = ["fsync=off"]
      const { folder: data, port, start, stop, url } = yield* startServer({ flags })
      const before = yield* visiting(url)
      // a copy of what has been stopped, which then follows the one that it is a copy of
      yield* stop("fast")
      const copy = join(yield* folder, "server")
      yield* Effect.promise(() => promisify(execFile)("cp", ["-a", data, copy]))
      writeFileSync(join(copy, "data", "standby.signal"), "")
      yield* start
      const { password } = new URL(Redacted.value(url))
      const follows = `primary_conninfo=host=127.0.0.1 port=${port} user=postgres password=${password}`
      const replica = yield* startServer({ folder: copy, flags: [...flags, follows] })
      const there = (...args: ReadonlyArray<string>) => stepped(...args, "--url", Redacted.value(replica.url))

      const later = yield* visiting(url)
      yield* until("it has followed", Effect.map(there("ls"), ({ out }) => out.includes(later.waits)))
      for (
        const command of [
          ["ls"],
          ["ls", "--status", "failed"],
          ["show", before.done],
          ["why", later.waits],
          ["explain", garageApp, later.waits],
          ["errors"],
          ["lanes"],
          ["queues"],
          ["workers"],
          ["definitions"],
          ["operations"],
          ["schedules", "list"],
          ["doctor"],
          ["health"]
        ]
      ) {
        const { code, err } = yield* there(...command)
        assert.deepStrictEqual([code, err], [0, ""], command.join(" "))
      }
      const { code, err } = yield* there("cancel", later.waits, "--reason", "a test")
      assert.strictEqual(code, 3)
      assert.match(err, /read-only/)
    }).pipe(Effect.scoped))
})
