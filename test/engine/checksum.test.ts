/** Rule 2.3: checksums, of what JSON holds and of what it does not. */
import { assert, describe, it } from "@effect/vitest"
import {
  BigDecimal,
  Chunk,
  Data,
  DateTime,
  Duration,
  Effect,
  Exit,
  HashMap,
  HashSet,
  MutableHashMap,
  Option,
  Redacted,
  Result,
  Schema
} from "effect"
import { createHash } from "node:crypto"
import { runInNewContext } from "node:vm"
import { InvalidChecksum, Stepped } from "stepped"
import { canonicalJson, checksum } from "../../src/engine/checksum.ts"

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex")

describe("checksums", () => {
  it("2.3: are the hex digest of the value's JSON", () => {
    assert.strictEqual(checksum(25), "b7a56873cd771f2c446d369b649430b65a756ba278ff97ec81bb6f55b2e73569")
    assert.strictEqual(checksum(["a", "b"]), "0473ef2dc0d324ab659d3580c1134e9d812035905c4781fdd6d529b0c6860e13")
    assert.strictEqual(checksum("London"), sha256("\"London\""))
  })

  it("2.3: null and undefined are none; false, the empty text, zero and the empty list are some, and all different", () => {
    assert.isNull(checksum(null))
    assert.isNull(checksum(undefined))
    assert.strictEqual(checksum(false), sha256("false"))
    assert.strictEqual(checksum(""), sha256("\"\""))
    assert.strictEqual(checksum([]), sha256("[]"))
    assert.strictEqual(checksum(0), sha256("0"))
    assert.strictEqual(checksum({}), sha256("{}"))
  })

  it("2.3: do not depend on the order of an object's keys, at any depth", () => {
    const one = { b: 1, a: { d: [{ y: 1, x: 2 }], c: null } }
    const other = { a: { c: null, d: [{ x: 2, y: 1 }] }, b: 1 }
    assert.strictEqual(canonicalJson(one), `{"a":{"c":null,"d":[{"x":2,"y":1}]},"b":1}`)
    assert.strictEqual(checksum(one), checksum(other))
    assert.notStrictEqual(checksum(["a", "b"]), checksum(["b", "a"]))
  })

  it("2.3: sort keys that look like numbers as texts, as every other implementation does", () => {
    assert.strictEqual(canonicalJson({ b: 0, 10: 1, 9: 2 }), `{"10":1,"9":2,"b":0}`)
  })

  it("2.3: leave out what JSON leaves out, and take dates and big integers as texts", () => {
    assert.strictEqual(canonicalJson({ a: undefined, b: 1 }), `{"b":1}`)
    assert.strictEqual(canonicalJson([new Date(0), 10n]), `["1970-01-01T00:00:00.000Z","10"]`)
    assert.strictEqual(canonicalJson({ ["__proto__"]: 1 }), `{"__proto__":1}`)
  })

  class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
  class Price extends Schema.Class<Price>("Price")({ amount: Schema.Int, currency: Schema.String }) {
    get text() {
      return `${this.amount} ${this.currency}`
    }
    toJSON() {
      return "hidden"
    }
  }
  class Tagged extends Data.TaggedClass("Tagged")<{}> {}
  class Refused extends Schema.TaggedError<Refused>()("Refused", { why: Schema.String }) {}

  it("2.3: take an instance of a class by its own fields, whatever it tells readers", () => {
    const price = new Price({ currency: "EUR", amount: 5 })
    assert.strictEqual(canonicalJson(price), `{"amount":5,"currency":"EUR"}`)
    assert.notStrictEqual(checksum(price), checksum(new Price({ currency: "EUR", amount: 6 })))
    assert.strictEqual(canonicalJson(new Tagged()), `{"_tag":"Tagged"}`)
    assert.strictEqual(canonicalJson(new Refused({ why: "x" })), `{"_tag":"Refused","why":"x"}`)
    assert.strictEqual(canonicalJson(Car.ref(7)), `{"id":7,"type":"Car"}`)
    assert.strictEqual(canonicalJson(Object.assign(Object.create(null), { b: 1, a: 2 })), `{"a":2,"b":1}`)
    assert.strictEqual(canonicalJson(runInNewContext("({ b: 1, a: {} })")), `{"a":{},"b":1}`)
  })

  it("2.3: know Effect's own values: equal ones have one checksum, others another one", () => {
    const same: ReadonlyArray<readonly [unknown, unknown, string]> = [
      [Option.none(), Option.none(), `{"_tag":"None"}`],
      [Option.some(1), Option.some(1), `{"_tag":"Some","value":1}`],
      [Result.succeed(1), Result.succeed(1), `{"_tag":"Success","success":1}`],
      [Result.fail(1), Result.fail(1), `{"_tag":"Failure","failure":1}`],
      [Duration.seconds(60), Duration.minutes(1), `"60000 millis"`],
      [Duration.nanos(1_000_000n), Duration.millis(1), `"1 millis"`],
      [BigDecimal.fromStringUnsafe("1.50"), BigDecimal.fromStringUnsafe("1.5"), `"1.5"`],
      [Chunk.make(1, 2, 3), Chunk.append(Chunk.make(1, 2), 3), "[1,2,3]"],
      [new Uint8Array([1, 2]), Buffer.from([1, 2]), "[1,2]"]
    ]
    for (const [one, other, json] of same) {
      assert.deepStrictEqual([canonicalJson(one), canonicalJson(other)], [json, json])
    }
    const utc = DateTime.makeUnsafe(0)
    const before = canonicalJson(utc)
    // looking at it is no change
    DateTime.toPartsUtc(utc)
    assert.deepStrictEqual([before, canonicalJson(utc)], [`"1970-01-01T00:00:00.000Z"`, `"1970-01-01T00:00:00.000Z"`])
    assert.notStrictEqual(
      checksum(DateTime.makeZonedUnsafe(0, { timeZone: "Europe/Rome" })),
      checksum(DateTime.makeZonedUnsafe(0, { timeZone: "Europe/Oslo" }))
    )
    assert.notStrictEqual(checksum(Option.some(null)), checksum(Option.none()))
  })

  const circular: Record<string, unknown> = {}
  circular.a = [circular]
  let deep: unknown = 1
  for (let i = 0; i < 100_000; i++) deep = [deep]
  class Empty {
    readonly #inside = 1
    get inside() {
      return this.#inside
    }
  }
  const refused: ReadonlyArray<readonly [found: string, value: unknown]> = [
    ["a Set", new Set([1])],
    ["a Map", new Map([[1, 2]])],
    ["a Redacted", Redacted.make("secret")],
    ["a function", () => 1],
    ["a function", class {}],
    ["a symbol", Symbol("x")],
    ["NaN", Number.NaN],
    ["Infinity", Infinity],
    ["an invalid Date", new Date(Number.NaN)],
    ["an instance of Empty, which has no fields of its own", new Empty()],
    ["an instance of URL, which has no fields of its own", new URL("https://example.com")],
    ["an instance of RegExp, which has no fields of its own", /x/],
    ["an instance of Promise, which has no fields of its own", Promise.resolve()],
    ["an instance of ArrayBuffer, which has no fields of its own", new ArrayBuffer(2)],
    ["an instance of Error, which has no fields of its own", new Error("x")],
    ["an object whose data are inside of it", HashMap.make(["a", 1])],
    ["an object whose data are inside of it", HashSet.make(1)],
    ["an object whose data are inside of it", MutableHashMap.make(["a", 1])],
    ["an object whose data are inside of it", Effect.succeed(1)],
    ["an object whose data are inside of it", Exit.succeed(1)],
    ["an object whose data are inside of it", Object.create({ a: 1 })],
    ["an object with a symbol among its keys", { [Symbol("x")]: 1 }],
    ["a value that holds itself", circular],
    ["a value of more than 1000 levels", deep]
  ]
  for (const [i, [found, value]] of refused.entries()) {
    it(`2.3: refuse what JSON does not hold, and say where it is: ${found} (${i + 1})`, () => {
      const inside = { tags: [1, { "a b": value }], more: 1 }
      for (const [given, place] of [[value, ""], [inside, `.tags[1]["a b"]`]] as const) {
        try {
          checksum(given)
        } catch (error) {
          assert.instanceOf(error, InvalidChecksum)
          assert.isTrue(error.found.startsWith(found), error.found)
          assert.isTrue(error.place.startsWith(place), error.place)
          continue
        }
        assert.fail("it has a checksum")
      }
    })
  }

  it("2.3: take what is there twice, and does not hold itself, twice", () => {
    const part = { a: 1 }
    assert.strictEqual(canonicalJson([part, part]), `[{"a":1},{"a":1}]`)
  })
})
