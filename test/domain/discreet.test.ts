/** Rule 17.3: what is said of a value that does not fit its schema tells nothing of what is secret in it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Schema, SchemaIssue, SchemaTransformation } from "effect"
import { randomBytes } from "node:crypto"
import { Stepped } from "stepped"
import { codecOf } from "../../src/domain/Codec.ts"
import type { PlainSchema } from "../../src/domain/PlainSchema.ts"

const secret = "hunter2"

/** A check and a transformation that say what they were given, as programs' own do. */
const telling = Schema.String.check(Schema.makeFilter((text: string) => `${text} is no token`))
const unreadable = Schema.String.pipe(Schema.decodeTo(
  Schema.String,
  SchemaTransformation.transformEffect<string, string>({
    decode: (text) => Effect.fail(new SchemaIssue.InvalidValue({ message: `cannot read ${text}` })),
    encode: Effect.succeed
  })
))
const reporting = Schema.Int.annotate({ parseOptions: { reportInput: true } })
const plain = { name: Schema.String.check(Schema.makeFilter((text: string) => text.length > 3 || `${text} is short`)) }

const { encrypted } = Stepped.encryption([{ name: "one", secret: Redacted.make(randomBytes(32).toString("base64")) }])

class Login extends Schema.Class<Login>("Login")({ pass: Schema.Redacted(telling), ...plain }) {}
interface Nested {
  readonly pass: Redacted.Redacted<string>
  readonly next?: Nested
}
const Nested: Schema.Codec<Nested, unknown> = Schema.Struct({
  pass: Schema.Redacted(telling),
  next: Schema.optionalKey(Schema.suspend((): Schema.Codec<Nested, unknown> => Nested))
}) as never

const saidOf = (read: Effect.Effect<unknown, Schema.SchemaError>) =>
  Effect.map(Effect.flip(read), ({ message }) => message)

describe("what does not fit", () => {
  it.effect("17.3: says nothing of what is secret in it, whatever the program's own checks say", () =>
    Effect.gen(function*() {
      const stored: ReadonlyArray<readonly [string, PlainSchema, unknown]> = [
        ["a check", Schema.Redacted(telling), secret],
        ["a transformation", Schema.Redacted(unreadable), secret],
        ["a field", Schema.Struct({ pass: Schema.Redacted(telling) }), { pass: secret }],
        ["an item", Schema.Array(Schema.Redacted(telling)), [secret]],
        ["a key's value", Schema.Record(Schema.String, Schema.Redacted(telling)), { a: secret }],
        ["an argument", Schema.Tuple([Schema.Int, Schema.Redacted(telling)]), [1, secret]],
        ["an option", Schema.Option(Schema.Redacted(telling)), { _tag: "Some", value: secret }],
        ["one of several", Schema.Union([Schema.Redacted(telling), Schema.Int]), secret],
        ["a class", Login, { pass: secret, name: "long" }],
        ["what is below itself", Nested, { pass: "a", next: { pass: secret } }],
        ["its input, where that is reported", Schema.Redacted(reporting), secret],
        [
          "what holds it",
          Schema.Struct({ pass: Schema.Redacted(Schema.String) }).check(
            Schema.makeFilter(({ pass }) => `${Redacted.value(pass)} is no token`)
          ),
          { pass: secret }
        ]
      ]
      for (const [what, schema, json] of stored) {
        const said = yield* saidOf(codecOf(schema).decode(json))
        assert.notInclude(said, secret, what)
        assert.match(said, /Expected/, what)
      }
      const given: ReadonlyArray<readonly [string, PlainSchema, unknown]> = [
        ["what is not Redacted", Schema.Redacted(telling), secret],
        ["a field that is not", Schema.Struct({ pass: Schema.Redacted(telling) }), { pass: secret }],
        ["what is to be encrypted", encrypted("a.b", telling), secret],
        ["a part of that", encrypted("a.b", Schema.Struct({ pass: telling })), { pass: secret }],
        ["beside others", Schema.Struct({ card: encrypted("a.b", telling) }), { card: secret }]
      ]
      for (const [what, schema, value] of given) {
        const said = yield* saidOf(codecOf(schema).encode(value))
        assert.notInclude(said, secret, what)
      }
    }))

  it.effect("17.3: says all the same where it does not fit, and of what is beside it what its checks say", () =>
    Effect.gen(function*() {
      const both = Schema.Struct({ pass: Schema.Redacted(telling), ...plain })
      assert.strictEqual(
        yield* saidOf(codecOf(both).decode({ pass: secret, name: "al" })),
        "Expected <filter>\n  at [\"pass\"]"
      )
      const quiet = Schema.Struct({ pass: Schema.Redacted(Schema.String), ...plain })
      assert.strictEqual(
        yield* saidOf(codecOf(quiet).decode({ pass: secret, name: "al" })),
        "al is short\n  at [\"name\"]"
      )
      assert.strictEqual(
        yield* saidOf(codecOf(Schema.Tuple([quiet, telling])).decode([{ pass: secret, name: "long" }, "x"])),
        "x is no token\n  at [1]"
      )
      // what cannot be opened says which field
      assert.match(yield* saidOf(codecOf(encrypted("a.b", Schema.String)).decode("stepped1.one.x")), /a\.b is not what/)
    }))
})
