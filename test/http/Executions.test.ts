/** Executions of workflows over HTTP: in trees and in why, for the command too, and nothing of what is secret. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Redacted, Schema } from "effect"
import { Activity, DurableDeferred, Workflow } from "effect/workflow"
import { ActionRepo, JobQueue } from "stepped"
import { StepWorkflow } from "stepped/workflow"
import { onlyOf } from "../behaviour/fixtures/shownWorkflows.ts"
import { layerWorkers, until } from "../harness/workers.ts"
import { as, known, servingApi } from "./fixtures/serving.ts"

class Declined extends Schema.TaggedError<Declined>()("Declined", { card: Schema.Redacted(Schema.String) }) {}

const Stay = Workflow.make("Stay", {
  payload: { guest: Schema.String, card: Schema.Redacted(Schema.String) },
  idempotencyKey: ({ guest }) => guest
})
/** A message, which is for who may read payloads. */
const said = Redacted.make("5222-2222")
const Paid = DurableDeferred.make("paid", { success: Schema.String })
const StayLive = Stay.toLayer(({ card, guest }) =>
  Effect.gen(function*() {
    yield* Effect.ignore(
      Activity.make({ name: `charge ${guest}`, error: Declined, execute: Effect.fail(new Declined({ card })) })
    )
    yield* Effect.ignore(
      Activity.make({
        name: "say",
        error: Schema.Struct({ _tag: Schema.tag("Refused"), message: Schema.Redacted(Schema.String) }),
        execute: Effect.fail({ _tag: "Refused" as const, message: said })
      })
    )
    yield* Effect.ignore(
      Activity.make({ name: "tell", error: Schema.Redacted(Schema.String), execute: Effect.fail(said) })
    )
    yield* DurableDeferred.await(Paid)
  })
)

it.live("24.9: what is secret of an execution is sent to nobody, and the rest to who may see it", () =>
  Effect.gen(function*() {
    yield* Stay.execute({ guest: "Ada", card: Redacted.make("4111-1111") }, { discard: true })
    yield* until(
      "it waits, and workers have said what they have",
      Effect.gen(function*() {
        const { id } = yield* onlyOf("Stay")
        const found = yield* (yield* ActionRepo).execution(id)
        const described = yield* (yield* JobQueue).definitions({ actorType: "Workflow.Stay" })
        return found._tag === "Some" && found.value.suspendedAt !== undefined && described.length > 0
      })
    )
    const { id } = yield* onlyOf("Stay")
    const { get, post } = yield* servingApi({ authorization: known })
    for (const path of ["", "/steps", "/tree", "/why", "/signals"]) {
      for (const name of ["vera", "ada"]) {
        const { body, status } = yield* get(`/api/actions/${id}${path}`, as(name))
        assert.strictEqual(status, 200, path)
        assert.notInclude(JSON.stringify(body), "4111", `${path} ${name}`)
        if (name === "vera") assert.notInclude(JSON.stringify(body), "5222", path)
      }
    }
    const { body: { execution } } = yield* get(`/api/actions/${id}/tree`, as("vera"))
    assert.deepStrictEqual(
      execution.activities.map((
        { attemptNumber, message, name, status }: any
      ) => [name, attemptNumber, status, message]),
      [
        ["charge Ada", 1, "failed", "Declined"],
        ["say", 1, "failed", "Refused"],
        ["tell", 1, "failed", "an error"]
      ]
    )
    assert.deepStrictEqual(execution.deferreds.map(({ kind, name, status }: any) => [kind, name, status]), [
      ["deferred", "paid", "awaited"]
    ])
    const { body: { reasons } } = yield* get(`/api/actions/${id}/why`, as("vera"))
    assert.deepStrictEqual([reasons[0]._tag, reasons[0].deferreds[0].name], ["Suspended", "paid"])
    // it would be one beside those that the workflow knows
    const asked = { actorType: "Workflow.Stay", actorId: "x", name: "execute", arguments: [{ guest: "x", card: "x" }] }
    const refused = yield* post("/api/run", asked, as("ada"))
    assert.deepStrictEqual([refused.status, refused.body.field], [400, "name"])
    const seen = yield* get(`/api/actions/${id}`, as("ada"))
    assert.deepStrictEqual(seen.body.arguments, {
      _tag: "Shown",
      value: [{ guest: "Ada", card: "<redacted>" }],
      isRedacted: true
    })
  }).pipe(
    Effect.scoped,
    Effect.provide(
      Layer.provideMerge(
        StepWorkflow.layer,
        layerWorkers(StayLive.pipe(Layer.provide(StepWorkflow.layer)), { engines: 1 })
      )
    )
  ))
