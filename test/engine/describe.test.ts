/** What is said of a definition to who does not have the program. */
import { assert, it } from "@effect/vitest"
import { Context, Effect, Redacted, Schema, SchemaGetter } from "effect"
import { type AnyAction, Stepped } from "stepped"
import { describe } from "../../src/engine/describe.ts"
import { Registry } from "../../src/engine/Registry.ts"

class Account extends Stepped.Actor<Account>()("Account", { id: Schema.Int }) {}

const Card = Schema.Struct({
  holder: Schema.String,
  number: Schema.Redacted(Schema.String),
  codes: Schema.Array(Schema.Redacted(Schema.String))
})
class Payment extends Schema.Class<Payment>("Payment")({ card: Card, amount: Schema.Int }) {}
interface Folder {
  readonly key: Redacted.Redacted
  readonly inside: ReadonlyArray<Folder>
}
const Folder: Schema.Codec<Folder, any> = Schema.Struct({
  key: Schema.Redacted(Schema.String),
  inside: Schema.Array(Schema.suspend(() => Folder))
})

const described = (action: AnyAction) => {
  const registry = new Registry()
  registry.register({ actor: Account, actions: [action], methods: {}, context: Context.empty() })
  return describe(registry.all()[0]!)
}
const secrets = (schema: Schema.Codec<any, any>) =>
  described(Stepped.action("take", { arguments: [schema] }).step("take", () => Effect.void)).description.arguments[0]!
    .redacted

it("17.5: secrets are found where they are stored", () => {
  assert.deepStrictEqual(secrets(Schema.String), [])
  assert.deepStrictEqual(secrets(Schema.Redacted(Schema.String)), [[]])
  assert.deepStrictEqual(secrets(Schema.RedactedFromValue(Schema.String)), [[]])
  assert.deepStrictEqual(secrets(Payment), [["card", "number"], ["card", "codes", "*"]])
  assert.deepStrictEqual(secrets(Schema.Tuple([Schema.Int, Card])), [["1", "number"], ["1", "codes", "*"]])
  assert.deepStrictEqual(secrets(Schema.Record(Schema.String, Schema.Redacted(Schema.String))), [["*"]])
  assert.deepStrictEqual(secrets(Schema.Union([Schema.Null, Card])), [["number"], ["codes", "*"]])
  assert.deepStrictEqual(secrets(Folder), [["key"], ["inside", "*"]])
  const renamed = Schema.Struct({ number: Schema.Redacted(Schema.String) }).pipe(
    Schema.encodeKeys({ number: "card_number" })
  )
  assert.deepStrictEqual(secrets(renamed), [["card_number"]])
  // of what is made of a secret nobody knows where it is
  const parsed = Schema.String.pipe(
    Schema.decodeTo(Schema.Struct({ key: Schema.Redacted(Schema.String) }), {
      decode: SchemaGetter.transform((key: string) => ({ key: Redacted.make(key) })),
      encode: SchemaGetter.transform(({ key }: { readonly key: Redacted.Redacted }) => Redacted.value(key))
    })
  )
  assert.deepStrictEqual(secrets(Schema.Struct({ of: parsed })), [["of"]])
})

it("17.5: a definition is described by its data, and its versions by what differs in them", () => {
  const approval = Stepped.signal("approval", { payload: Schema.Boolean })
  const visit = (timeout: "1 hour" | "2 hours") =>
    Stepped.action("visit", {
      arguments: [Schema.Date],
      success: Schema.Int,
      error: Schema.TaggedStruct("Closed", { until: Schema.Date }),
      timeout,
      queue: "slow",
      attempts: 3,
      signals: [approval],
      checksum: (day) => day.getTime()
    })
      .step("book", () => Effect.succeed(7), { result: Schema.Int, timeout: "1 minute", compensate: () => Effect.void })
      .step("go", () => Effect.succeed(7), { onExhausted: "hold" })
      .failed(() => Effect.void)
  const { description, hash } = described(visit("1 hour"))
  assert.deepStrictEqual(description.actorId.schema?.type, "integer")
  assert.deepStrictEqual(description.arguments.map(({ schema }) => schema), [{ type: "string" }])
  assert.deepStrictEqual(
    description.steps.map(({ name, options, timeoutMs }) => [name, timeoutMs, ...options]),
    [["book", 60_000, "compensate"], ["go", null, "hold"]]
  )
  assert.deepStrictEqual(
    [description.queue, description.timeoutMs, description.options, description.signals.map(({ name }) => name)],
    ["slow", 3_600_000, ["checksum", "attempts", "failed"], ["approval"]]
  )
  assert.strictEqual(described(visit("1 hour")).hash, hash)
  assert.notStrictEqual(described(visit("2 hours")).hash, hash)
  const of = (argument: Schema.Codec<any, any>) =>
    described(Stepped.action("visit", { arguments: [argument] }).step(() => Effect.void))
  // both are texts as JSON
  assert.notStrictEqual(of(Schema.Date).hash, of(Schema.String).hash)
})

it("17.5: what is too large to be described, or cannot be, is opaque", () => {
  const large = Schema.Literals(Array.from({ length: 1000 }, (_, n) => `${n}`.padStart(300, "0")))
  const action = Stepped.action("take", { arguments: [large, Schema.Redacted(Schema.String)] })
    .step("take", () => Effect.void)
  const { arguments: [first, second], steps } = described(action).description
  assert.deepStrictEqual([first!.schema, first!.redacted], [null, []])
  assert.deepStrictEqual([second!.schema, second!.redacted], [null, [[]]])
  assert.deepStrictEqual(steps.map(({ name }) => name), ["take"])
  // a schema whose parts fail when they are looked at
  const broken = Schema.suspend((): Schema.Codec<string> => {
    throw new Error("not yet")
  })
  const { description } = described(Stepped.action("take", { error: broken }).step("take", () => Effect.void))
  assert.deepStrictEqual(description.error, { schema: null, redacted: [[]], fingerprint: null })
  // each of them holds all of them
  const all: ReadonlyArray<Schema.Codec<any, any>> = Array.from(
    { length: 30 },
    (_, n) =>
      Schema.Struct({ [`key${n}`]: Schema.Redacted(Schema.String), of: Schema.suspend(() => Schema.Union(all)) })
  )
  assert.deepStrictEqual(secrets(Schema.Struct({ any: Schema.Union(all) })), [[]])
})
