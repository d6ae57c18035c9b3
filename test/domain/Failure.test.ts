/** How failures read: the texts that are stored, shown and logged. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Redacted, Schema } from "effect"
import * as Failure from "../../src/domain/Failure.ts"
import { ownMessage } from "../../src/domain/ownMessage.ts"
import { isStorable } from "../../src/domain/storable.ts"

class Declined extends Schema.TaggedError<Declined>()("Declined", {
  code: Schema.Int,
  card: Schema.Redacted(Schema.String)
}) {}
const declined = new Declined({ code: 7, card: Redacted.make("4111") })

describe("texts", () => {
  it("are made of any text, short enough", () => {
    assert.strictEqual(Failure.tidyText("a\u0000b\ud800c"), "a\ufffdb\ufffdc")
    assert.strictEqual(Failure.tidyText("plain"), "plain")
    assert.strictEqual(Failure.tidyText("12345", 3), "123…")
    // the cut may fall between the halves of a pair
    assert.strictEqual(Failure.tidyText("ab🚗", 3), "ab\ufffd…")
    assert.isTrue(isStorable(JSON.stringify(Failure.tidyText("\u0000\ud800🚗".repeat(10_000)))))
  })

  it("of errors have their message, or their tag and fields; what is redacted is not among them", () => {
    assert.strictEqual(Failure.errorText(new Error("no")), "no")
    assert.strictEqual(Failure.errorText(declined), "Declined code 7, card \"<redacted>\"")
    assert.strictEqual(Failure.errorText({ _tag: "Far", by: { miles: 3n } }), "Far by {\"miles\":\"3\"}")
    assert.strictEqual(
      Failure.errorText({
        get message(): string {
          throw new Error("twice")
        },
        toString: null
      }),
      "an error that cannot be read"
    )
  })
})

describe("a cause", () => {
  const own = Failure.fromBody(Cause.fail(declined), "charge Order/1", { error: { code: 7, card: "4111" }, own: true })

  it("of a typed failure has its data, and no text of what is redacted", () => {
    assert.deepInclude(own, { kind: "failure", path: "charge Order/1", error: { code: 7, card: "4111" } })
    assert.notInclude(JSON.stringify([own.message, own.path, own.pretty]), "4111")
  })

  it("of what is no data says what the error itself says, and its fields are in what is printed of it", () => {
    const bare = { _tag: "Torn", at: "tyre-4711" }
    for (
      const [error, message] of [
        [bare, "Torn"],
        [declined, "Declined"],
        [Object.assign(new Error("no road"), { _tag: "Lost", at: "tyre-4711" }), "Lost: no road"],
        [new Error("no road"), "no road"],
        ["no road", "no road"],
        [{ at: "tyre-4711" }, "a value that is no error"],
        [4711, "a value that is no error"],
        [undefined, "undefined"]
      ] as const
    ) {
      for (const cause of [Cause.die(error), Cause.fail(error)]) {
        const stored = Failure.fromBody(cause, "charge Order/1", {})
        assert.strictEqual(stored.message, message)
        assert.include(stored.pretty, message === Failure.errorText(error) ? "" : Failure.errorText(error))
        assert.strictEqual(ownMessage(stored), message)
        const child = { definition: "Order/charge", actorId: "1", status: "failed", cause: stored } as const
        assert.strictEqual(ownMessage(Failure.fromChild("place Order/1", child)), message)
      }
    }
    // as data it is in the message, for who may read it
    const data = Failure.fromBody(Cause.fail(bare), "charge Order/1", { error: bare, own: true })
    assert.deepStrictEqual([data.message, ownMessage(data)], ["Torn at tyre-4711", "Torn"])
  })

  it("of a child leads through the action that has ended, and says whose error it is, at every level", () => {
    const child = { definition: "Order/charge", actorId: "1", status: "failed", cause: own } as const
    const above = Failure.fromChild("place Order/1 › pay", child)
    assert.deepStrictEqual(above, {
      kind: "child",
      path: "place Order/1 › pay › charge Order/1",
      message: own.message,
      error: own.error,
      declaredBy: { action: "charge", actor: "Order/1" }
    })
    const top = Failure.fromChild("sell Shop/2", { ...child, definition: "Order/place", cause: above })
    assert.deepStrictEqual(top, { ...above, path: "sell Shop/2 › place Order/1 › pay › charge Order/1" })
  })

  it("of a child without one says how it ended", () => {
    const child = { definition: "Order/charge", actorId: "1", cause: null }
    assert.strictEqual(Failure.fromChild("a B/1", { ...child, status: "failed" }).message, "a callback failed")
    assert.strictEqual(Failure.fromChild("a B/1", { ...child, status: "timed_out" }).message, "timed out")
  })
})
