/** Two copies of `effect` in one program: what one of them has made is refused where it is given to the other. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { DefinitionError, InvalidOption, Stepped } from "stepped"
import { isOwnSchema } from "../../src/domain/copies.ts"
import * as Another from "./fixtures/anotherCopy.ts"

const refused = (what: string, define: () => unknown) => {
  try {
    define()
  } catch (error) {
    assert.instanceOf(error, DefinitionError)
    assert.strictEqual(
      error.message,
      `${what} was made by another copy of effect than the one that stepped uses. ` +
        "`npm ls effect` lists the copies: have all packages use one version, so that one is installed"
    )
    return
  }
  assert.fail(`${what} was not refused`)
}

const others = {
  "one that is": Another.Schema.Int,
  "a text, which would be stored as nothing,": Another.Schema.String,
  "a field": Schema.Struct({ at: Another.Schema.Date }),
  "an element": Schema.Array(Another.Schema.String),
  "an alternative": Schema.Union([Schema.Null, Another.Schema.String]),
  "a record's value": Schema.Record(Schema.String, Another.Schema.Int),
  "what an own one becomes": Schema.Option(Another.Schema.String)
}

describe("a schema of another copy of effect", () => {
  it("is refused as an actor's id", () =>
    refused("Car: the schema of id", () => Stepped.Actor<any>()("Car", { id: Another.Schema.Int })))

  for (const [what, schema] of Object.entries(others)) {
    it(`is refused as whatever an action takes and gives: ${what}`, () => {
      refused(
        "move: the schema of arguments[1]",
        () => Stepped.action("move", { arguments: [Schema.Int, schema as Schema.Codec<unknown>] })
      )
      refused("move: the schema of success", () => Stepped.action("move", { success: schema as Schema.Codec<unknown> }))
      refused("move: the schema of error", () => Stepped.action("move", { error: schema as Schema.Codec<unknown> }))
    })
  }

  it("is refused as a step's result", () =>
    refused(
      "move: the schema of the result of look",
      () => Stepped.action("move").step("look", () => Effect.succeed(1), { result: Another.Schema.Int })
    ))
})

it("of its own copy every schema is known", () => {
  const all = Object.entries(Schema).filter(([, value]) => Schema.isSchema(value)) as ReadonlyArray<
    [string, Schema.Top]
  >
  assert.isAbove(all.length, 100)
  assert.deepStrictEqual(all.filter(([, schema]) => !isOwnSchema(schema)).map(([name]) => name), [])
  interface Tree {
    readonly branches: ReadonlyArray<Tree>
  }
  let isLookedAt = false
  const tree: Schema.Codec<Tree> = Schema.Struct({
    branches: Schema.Array(Schema.suspend((): Schema.Codec<Tree> => {
      isLookedAt = true
      return tree
    }))
  })
  assert.isTrue(isOwnSchema(tree))
  // what is suspended may not be there yet
  assert.isFalse(isLookedAt)
})

describe("a client of another copy of effect", () => {
  // nobody listens there, and nobody is asked
  const url = "postgres://127.0.0.1:1/garage"
  const client = Another.PgClient.layer({ url: Another.Redacted.make(url) })
  const isTold = (effect: Effect.Effect<unknown, unknown>) =>
    Effect.map(Effect.flip(effect), (error) => {
      assert.instanceOf(error, InvalidOption)
      assert.match(error.message, /^the PgClient is one of another copy of effect: .*`npm ls effect`/)
    })

  it.live("is refused where a layer is built", () =>
    isTold(Effect.scoped(Layer.build(Layer.provide(Stepped.layer(), client)))))

  it.live("is refused where tables are made", () => isTold(Effect.provide(Stepped.migrate(), client)))
})
