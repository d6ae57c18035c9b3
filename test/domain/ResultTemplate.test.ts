/** What step results look like while their children are away, and which texts can be stored. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Schema } from "effect"
import {
  argumentsCodec,
  checkPayload,
  codecOf,
  encodeArguments,
  fingerprintOf,
  NotJson
} from "../../src/domain/Codec.ts"
import { fromTemplate, holdsChild, toTemplate } from "../../src/domain/ResultTemplate.ts"
import { isStorable } from "../../src/domain/storable.ts"
import { makeChild } from "../../src/Step.ts"

describe("templates", () => {
  const settle = (slot: number) => `child ${slot}`

  it("hold places for children anywhere, and give their results back in the same places", () => {
    const value = { all: [makeChild(0), [makeChild(1)]], one: { deep: makeChild(2), plain: 5 }, text: "x", none: null }
    assert.isTrue(holdsChild(value))
    const template = JSON.parse(JSON.stringify(toTemplate(value)))
    assert.deepStrictEqual(fromTemplate(template, settle), {
      all: ["child 0", ["child 1"]],
      one: { deep: "child 2", plain: 5 },
      text: "x",
      none: null
    })
    assert.strictEqual(fromTemplate(toTemplate(makeChild(3)), settle), "child 3")
  })

  it("keep undefined, in lists too, and leave out keys without a value", () => {
    const template = JSON.parse(JSON.stringify(toTemplate({ a: undefined, b: [undefined, 1] })))
    assert.deepStrictEqual(fromTemplate(template, settle), { b: [undefined, 1] })
    assert.isUndefined(fromTemplate(JSON.parse(JSON.stringify(toTemplate(undefined))), settle))
    assert.isNull(fromTemplate(toTemplate(null), settle))
  })

  it("do not mistake a user's keys for their own marks", () => {
    const value = { $slot: 1, $undefined: true, $unchecked: 2, $encoded: { $$slot: [{ $slot: 2 }] } }
    assert.deepStrictEqual(fromTemplate(JSON.parse(JSON.stringify(toTemplate(value))), settle), value)
    assert.isFalse(holdsChild(value))
  })

  it("refuse what JSON does not give back, and say where", () => {
    const refused = (value: unknown) => {
      try {
        toTemplate(value)
      } catch (error) {
        assert.instanceOf(error, NotJson)
        return (error as NotJson).message
      }
      return assert.fail("it was accepted")
    }
    assert.include(refused({ at: [new Date(0)] }), "an instance of Date at .at[0]")
    assert.include(refused(10n), "a bigint")
    assert.include(refused([NaN]), "NaN at [0]")
    assert.include(refused({ f: () => 1 }), "a function at .f")
    assert.include(refused(new Map()), "an instance of Map")
  })

  it("accept objects without a prototype", () => {
    const value: Record<string, unknown> = Object.create(null)
    value.a = makeChild(0)
    assert.isTrue(holdsChild(value))
    assert.deepStrictEqual(fromTemplate(toTemplate(value), settle), { a: "child 0" })
  })
})

describe("texts that Postgres stores", () => {
  it("are all but those with a NUL character or half of a surrogate pair", () => {
    const storable = (value: unknown) => isStorable(JSON.stringify(value))
    for (
      const good of ["", "London", "\u0001", "🚗", "\\u0000", "\\\\u0000", "\\ud800", "\u2028", {
        "ключ": ["значение"]
      }]
    ) {
      assert.isTrue(storable(good), JSON.stringify(good))
    }
    for (
      const bad of ["\u0000", "a\u0000b", "\\\u0000", "\ud800", "x\udc00y", "\udc00\ud800", { "\u0000": 1 }, [
        "\\\\\ud9ab"
      ]]
    ) {
      assert.isFalse(storable(bad), JSON.stringify(bad))
    }
  })

  it.effect("are checked before anything is sent, as is the size in bytes", () =>
    Effect.gen(function*() {
      yield* checkPayload("arguments", ["ü"], 6)
      const large = yield* Effect.flip(checkPayload("arguments", ["üü"], 7))
      assert.deepInclude(large, { _tag: "PayloadTooLarge", field: "arguments", size: 8, limit: 7 })
      const text = yield* Effect.flip(checkPayload("arguments", ["\u0000"], 100))
      assert.deepInclude(text, { _tag: "UnstorableText", field: "arguments" })
      yield* checkPayload("nothing", undefined, 4)
    }))
})

describe("values by schema", () => {
  class Trip extends Schema.Class<Trip>("Trip")({ to: Schema.String, on: Schema.Date, miles: Schema.BigInt }) {}

  it.effect("become JSON and come back as what they were", () =>
    Effect.gen(function*() {
      const codec = argumentsCodec([Trip, Schema.Option(Schema.Int), Schema.UndefinedOr(Schema.Int)])
      const args = [
        new Trip({ to: "London", on: new Date(0), miles: 2n ** 70n }),
        yield* codecOf(Schema.Option(Schema.Int)).decode(
          yield* codecOf(Schema.Option(Schema.Int)).encode(yield* Effect.option(Effect.succeed(4)))
        ),
        undefined
      ]
      const json = JSON.parse(JSON.stringify(yield* codec.encode(args)))
      const back = (yield* codec.decode(json)) as ReadonlyArray<unknown>
      assert.deepStrictEqual(back, args)
      assert.instanceOf(back[0], Trip)
    }))

  it.effect("are refused with the path of what does not fit", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(
        encodeArguments("visit", [Schema.Struct({ to: Schema.String })], [{ to: 5 }], 1000)
      )
      assert.strictEqual(error._tag, "InvalidArguments")
      assert.include(error.message, "visit")
      assert.include(error.message, `["to"]`)
      assert.isTrue(Exit.isFailure(yield* Effect.exit(encodeArguments("visit", [Schema.Int], [], 1000))))
    }))

  it.effect("that are void take and give nothing, whatever is stored", () =>
    Effect.gen(function*() {
      const codec = codecOf(Schema.Void)
      assert.isTrue(codec.isVoid)
      assert.isNull(yield* codec.encode("anything"))
      assert.isUndefined(yield* codec.decode({ from: "another definition" }))
    }))
})

describe("fingerprints of schemas", () => {
  class Place extends Schema.Class<Place>("Place")({ name: Schema.String }) {}
  interface Tree {
    readonly branches: ReadonlyArray<Tree>
  }
  const tree = (): Schema.Codec<Tree> => {
    const self: Schema.Codec<Tree> = Schema.Struct({ branches: Schema.Array(Schema.suspend(() => self)) })
    return self
  }

  it("tell apart what is the same JSON and another value, and what is the same value and another JSON", () => {
    const schemas = [
      Schema.String,
      Schema.Date,
      Schema.Number,
      Schema.NumberFromString,
      Schema.Int,
      Schema.Struct({ at: Schema.String }),
      Schema.Struct({ at: Schema.Date }),
      Schema.Struct({ at: Schema.optional(Schema.String) }),
      Schema.Struct({ name: Schema.String }),
      Place,
      Schema.Option(Schema.Date),
      Schema.Option(Schema.String),
      tree()
    ]
    assert.strictEqual(new Set(schemas.map(fingerprintOf)).size, schemas.length)
    for (const schema of schemas) assert.match(fingerprintOf(schema)!, /^[\w-]{11}$/)
    assert.isNull(fingerprintOf(Schema.Void))
  })

  it("are equal for schemas that are written alike, whatever they say about themselves", () => {
    const date = () => Schema.Struct({ at: Schema.Date, tree: tree() })
    assert.strictEqual(fingerprintOf(date()), fingerprintOf(date()))
    const told = Schema.Struct({ at: Schema.String.annotate({ description: "where it is" }) })
    assert.strictEqual(fingerprintOf(told), fingerprintOf(Schema.Struct({ at: Schema.String })))
  })
})
