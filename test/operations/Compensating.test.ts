/** A process that dies while it undoes a step leaves that to another one, which goes on there, and does nothing again that was done. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { assertCompensated } from "stepped/testing"
import { healthy } from "../harness/databases.ts"
import { type Program, startProgram } from "../harness/Program.ts"
import { Cars } from "./Garage.ts"
import { database, startEngine } from "./starting.ts"

const workerProgram = new URL("./worker.ts", import.meta.url).pathname
const started = ({ said }: Program) => said.filter(({ event }) => event === "started").map(({ what }) => what)

describe("a process that is killed while it undoes a step", () => {
  it.live("10.2: what it was at is run again by another one, and no compensation that was done", () =>
    Effect.gen(function*() {
      const url = yield* database
      const client = yield* startEngine(url)
      yield* Effect.gen(function*() {
        const handle = yield* (yield* Cars.client)(1).lendLater("gate")
        // it loses its lease by its death, and not because the machine is busy
        const first = yield* startProgram(workerProgram, { url, env: { LEASE_MS: "4000" } })
        yield* first.says("started", 4)
        assert.deepStrictEqual(started(first), ["first", "second", "undo second", "gate"])
        yield* first.signal("SIGKILL")
        yield* first.ended
        const second = yield* startProgram(workerProgram, { url })
        yield* second.tell("go")
        yield* Effect.flip(handle.await)
        assert.deepStrictEqual(started(second), ["gate"])
        yield* assertCompensated(handle, ["second", "first"])
        yield* healthy
      }).pipe(Effect.provide(client))
    }))
})
