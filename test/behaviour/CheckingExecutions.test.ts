/** Rule 19.3 of executions of workflows: what they were given is read as their bodies read it. */
import { assert, it } from "@effect/vitest"
import { Context, Effect, Layer, Schema, SchemaGetter } from "effect"
import { DurableDeferred, Workflow } from "effect/workflow"
import { ActionRepo, type Engine, Stepped } from "stepped"
import { StepWorkflow } from "stepped/workflow"
import { healthy, suite } from "../harness/databases.ts"
import { deployed } from "../harness/deploying.ts"
import { performIdle } from "../harness/performing.ts"
import { checkedOn, misfitsOf, problemsOf } from "./fixtures/checking.ts"

const Gate = DurableDeferred.make("gate", { success: Schema.String })

/** A version of the program, by how its workflow reads what it is given. */
const version = <R>(what: Schema.Codec<unknown, string, R, R>) =>
  Workflow.make("Renamed", {
    payload: { what },
    success: Schema.String,
    idempotencyKey: (payload) => JSON.stringify(payload)
  })
const text = version(Schema.String as Schema.Codec<unknown, string>)
const finite = version(Schema.FiniteFromString as Schema.Codec<unknown, string>)

class Key extends Context.Service<Key, string>()("test/Key") {}
/** Read by what the worker has. */
const withKey = version(
  Schema.String.pipe(Schema.decodeTo(Schema.Literal("a secret"), {
    decode: SchemaGetter.transformEffect((given: string) => Effect.map(Key, (key) => `${key} ${given}` as "a secret")),
    encode: SchemaGetter.transform((secret: string) => secret.slice(2))
  })) as Schema.Codec<unknown, string, Key, Key>
)

type Version = typeof text

const live = (workflow: Version): Layer.Layer<never, never, Engine> =>
  workflow.toLayer(() => DurableDeferred.await(Gate)).pipe(Layer.provide(StepWorkflow.layer))

suite("checking executions", (engine) => {
  const checkedBy = checkedOn(engine)

  it.effect("19.3: one whose payload does not fit would be suspended, queued or suspended as it is, and that is what becomes of it", () =>
    Effect.gen(function*() {
      const execute = (what: string) => Effect.provide(text.execute({ what }, { discard: true }), StepWorkflow.layer)
      yield* deployed(live(text))(Effect.andThen(execute("secret"), performIdle))
      yield* deployed(live(text))(execute("secret too"))
      yield* deployed(live(text))(execute("7"))
      assert.isTrue((yield* checkedBy(live(text))).fits)
      const check = yield* checkedBy(live(finite))
      assert.deepStrictEqual(misfitsOf(check), ["suspends: payload of Workflow.Renamed/execute, 2"])
      assert.deepStrictEqual([check.fits, check.unfit], [false, 2])
      const [misfit] = check.misfits
      assert.deepStrictEqual(misfit!.samples.map(({ status }) => status).toSorted(), ["performing", "queued"])
      assert.include(misfit!.text, "suspended, until somebody resumes them")
      const said = Stepped.renderCheck(check)
      assert.include(said, "suspends")
      for (const words of [...problemsOf(check), said]) assert.notInclude(words, "secret")
      const shown = yield* checkedBy(live(finite), { payloads: true })
      assert.include(JSON.stringify(shown.misfits), "secret too")
      yield* deployed(live(finite))(performIdle)
      const waiting = yield* Effect.flatMap(ActionRepo, (repo) => repo.list({ toResume: true }))
      assert.strictEqual(waiting.length, 1)
    }).pipe(Effect.andThen(healthy), Effect.provide(engine.layer())))

  it.effect("19.3: what a payload's schema needs is what the program has registered its workflow with", () =>
    Effect.gen(function*() {
      yield* deployed(live(text))(
        Effect.provide(text.execute({ what: "secret" }, { discard: true }), StepWorkflow.layer)
      )
      const by = (key: string) =>
        checkedBy(
          withKey.toLayer(() => DurableDeferred.await(Gate)).pipe(
            Layer.provide(Layer.succeed(Key, key)),
            Layer.provide(StepWorkflow.layer)
          )
        )
      assert.isTrue((yield* by("a")).fits)
      assert.deepStrictEqual(misfitsOf(yield* by("no")), ["suspends: payload of Workflow.Renamed/execute, 1"])
      yield* deployed(live(text))(performIdle)
    }).pipe(Effect.andThen(healthy), Effect.provide(engine.layer())))
})
