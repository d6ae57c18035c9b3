/** What lists and trees say of actions that were undone, and of what nobody has read. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Step, Stepped } from "stepped"
import * as Embedded from "stepped/embedded"
import { performIdle } from "../harness/performing.ts"
import { stepped } from "./fixtures/garage.ts"

class Guest extends Stepped.Actor<Guest>()("Guest", { id: Schema.Int }) {}
class Ill extends Schema.TaggedError<Ill>()("Ill", {}) {}
const bell = Stepped.signal("bell", { payload: Schema.String })
const book = Stepped.action("book").step("pay", () => Effect.void, { compensate: () => Effect.void })
const stay = Stepped.action("stay", { error: Ill })
  .step("book", () => Step.do(book), { unwind: true })
  .step("leave", () => Effect.fail(new Ill()))
const sleep = Stepped.action("sleep", { signals: [bell] })
  .step("doze", () => Effect.asVoid(Step.waitFor(bell, { timeout: "1 hour" })))
  .step("rise", () => Step.wait("1 hour"))
const Guests = Stepped.actions(Guest, [book, stay, sleep])

it.live("what was undone is said in lists, what nobody has read beside the tree, and no result before there is one", () =>
  Effect.gen(function*() {
    const folder = mkdtempSync(join(tmpdir(), "stepped-looking-"))
    yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(folder, { recursive: true })))
    const [asleep, awake] = yield* Effect.gen(function*() {
      const guest = (yield* Guests.client)(1)
      yield* guest.stayLater()
      const both = [yield* guest.sleepLater(), yield* (yield* Guests.client)(2).sleepLater()] as const
      yield* both[1].send(bell, "early")
      yield* performIdle
      yield* both[0].send(bell, "once")
      yield* both[0].send(bell, "twice")
      return both
    }).pipe(Effect.provide(Guests.layer.pipe(Layer.provideMerge(Embedded.layer({ dataDir: folder })))))
    const look = (...args: ReadonlyArray<string>) => stepped(...args, "--folder", folder)
    const listed = (yield* look("ls")).out
    assert.match(listed, /succeeded, undone +book Guest\/1/)
    assert.match(listed, /failed +stay Guest\/1/)
    const shown = (yield* look("show", asleep.id)).out
    assert.match(
      shown,
      /signal bell {2}open {2}until [^]*\nsignal bell {2}not read {2}2 sent, the last one \S+ \S+ \(\d+s ago\)$/
    )
    const read = (yield* look("show", awake.id, "--payloads")).out
    assert.match(read, /signal bell {2}succeeded\n/)
    assert.notInclude(read, "not read")
    assert.match(read, /\narguments {2}\[\](\n|$)/)
    assert.notMatch(read, /\nresult /)
  }))
