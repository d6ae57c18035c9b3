/** What a hub tells once, though it is told of it several times. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import type { ActionEvent } from "stepped"
import * as Hub from "../../../src/engine/events/Hub.ts"

const origin = { id: "1", actorType: "Workflow.Order", actorId: "red", name: "execute", at: new Date(0) }
const replayed: ActionEvent = { _tag: "ExecutionReplayed", ...origin }
const suspended: ActionEvent = { _tag: "ExecutionSuspended", ...origin, deferreds: [], clocks: [], failure: undefined }
const ended: ActionEvent = {
  _tag: "ActionEnded",
  ...origin,
  status: "succeeded",
  cause: undefined,
  successor: undefined
}

it.effect("24.9: that a body runs again is told once between two suspensions, and not after the end", () =>
  Effect.gen(function*() {
    const hub = Hub.make()
    const told: Array<string> = []
    yield* hub.listen({ told: ({ _tag }) => void told.push(_tag) })
    const tell = (...events: ReadonlyArray<ActionEvent>) => hub.end(hub.begin(["1"]), events)
    tell(replayed)
    // it was given back, and handed over again
    tell(replayed)
    tell(suspended)
    tell(replayed, suspended)
    tell(replayed)
    tell(ended)
    tell(replayed)
    assert.deepStrictEqual(told, [
      "ExecutionReplayed",
      "ExecutionSuspended",
      "ExecutionReplayed",
      "ExecutionSuspended",
      "ExecutionReplayed",
      "ActionEnded"
    ])
  }).pipe(Effect.scoped))
