/** Rule 24.2: what of an execution cannot be stored waits for somebody to see to it. */
import { assert } from "@effect/vitest"
import { Cause, Effect, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { Activity, DurableDeferred } from "effect/workflow"
import { suite } from "../harness/databases.ts"
import { note, seen } from "../harness/notes.ts"
import { performIdle } from "../harness/performing.ts"
import { Gate, main, open, performedTo, ScriptedLive, suspended } from "./fixtures/scripted.ts"
import { noted, polled, testing } from "./fixtures/workflows.ts"

/** What somebody who looks is told of the one that has failed. */
const told = (id: string) =>
  Effect.map(
    main.workflow.poll(id),
    Option.match({
      onNone: () => "nothing",
      onSome: (result) =>
        result._tag === "Suspended" && result.cause !== undefined ? String(Cause.squash(result.cause)) : "no cause"
    })
  )

const gives = (name: string, value: string) =>
  Activity.make({ name, success: Schema.String, execute: Effect.as(note(name), value) })

suite("what of an execution cannot be stored", (engine) => {
  const test = testing(engine.layer({ payloadLimit: 1000 }), ScriptedLive)

  /** It waits as one that has failed, whatever it is sent; once that is mended it goes on with what it has done before. */
  const isResumed = (
    id: string,
    why: RegExp,
    mended: Effect.Effect<string> | ReturnType<typeof gives> = gives("mended", "mended")
  ) =>
    Effect.gen(function*() {
      yield* performedTo(main.workflow, id, "failed")
      assert.match(yield* told(id), why)
      yield* open(main.workflow, id)
      yield* performIdle
      assert.strictEqual(polled(yield* main.workflow.poll(id)), "failed")
      main.script.body = () => Effect.andThen(noted("before"), mended)
      yield* main.workflow.resume(id)
      yield* performedTo(main.workflow, id, `succeeded "mended"`)
      assert.strictEqual(seen.filter((name) => name === "before").length, 1)
    })

  for (
    const [what, value, why] of [
      ["is too large", "x".repeat(2000), /what the activity large gives.*1000/],
      ["has a NUL", "a\u0000", /what the activity large gives holds a NUL/]
    ] as const
  ) {
    test(`24.2: what an activity gives, and ${what}`, () =>
      Effect.gen(function*() {
        main.script.body = () => Effect.andThen(noted("before"), gives("large", value))
        yield* isResumed(yield* main.workflow.execute({ id: "1" }, { discard: true }), why)
      }))
  }

  test("24.2: one activity more than an execution may have", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      main.script.body = () =>
        Effect.gen(function*() {
          yield* noted("before")
          yield* DurableDeferred.await(Gate)
          return yield* gives("large", "one more")
        })
      const id = yield* suspended(main.workflow, "1")
      // as if it had done them before it came to the gate
      yield* sql`insert into stepped.memos (action, step, step_kind, step_name, name, attempt, result, ended_at)
        select m.action, m.step, m.step_kind, m.step_name, 'n ' || n, 1, m.result, m.ended_at
        from stepped.memos m cross join generate_series(1, 9999) n where m.name = 'before'`
      yield* open(main.workflow, id)
      yield* isResumed(id, /10,?001/, Effect.succeed("mended"))
    }))

  test("24.2: what it comes to, and is too large", () =>
    Effect.gen(function*() {
      main.script.body = () => Effect.as(noted("before"), "x".repeat(2000))
      yield* isResumed(yield* main.workflow.execute({ id: "1" }, { discard: true }), /PayloadTooLarge.*1000/)
    }))
})
