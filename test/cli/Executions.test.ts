/** Rule 24.9: an execution of a workflow through the command. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted, Schema } from "effect"
import { Activity, DurableDeferred, Workflow } from "effect/workflow"
import { Stepped } from "stepped"
import { StepWorkflow } from "stepped/workflow"
import { freshDatabase, layerUrl } from "../harness/Server.ts"
import { stepped, until } from "./fixtures/garage.ts"

const Paid = DurableDeferred.make("paid", { success: Schema.String })
const Order = Workflow.make("Order", {
  payload: { order: Schema.String },
  success: Schema.String,
  idempotencyKey: ({ order }) => order
})
const OrderLive = Order.toLayer(() =>
  Effect.gen(function*() {
    yield* Activity.make({ name: "charge", execute: Effect.void })
    return yield* DurableDeferred.await(Paid)
  })
)

describe("executions of workflows", () => {
  it.live("are listed, shown and explained as what they are", () =>
    Effect.gen(function*() {
      const { url } = yield* freshDatabase({ template: { name: "migrated", migrate: Stepped.migrate() } })
      const services = yield* Layer.build(
        Layer.merge(OrderLive, Stepped.worker()).pipe(
          Layer.provideMerge(StepWorkflow.layer),
          Layer.provideMerge(Stepped.layer({ pollInterval: "50 millis" })),
          Layer.provideMerge(layerUrl(url))
        )
      )
      const command = (...args: ReadonlyArray<string>) => stepped(...args, "--url", Redacted.value(url))
      const execution = yield* Effect.provide(Order.execute({ order: "o-1" }, { discard: true }), services)
      const suspended = Effect.map(
        Effect.provide(Order.poll(execution), services),
        (result) => result._tag === "Some" && result.value._tag === "Suspended"
      )
      yield* until("it is suspended", suspended)
      const listed = yield* command("ls", "--actor", "Workflow.Order", "--json")
      const { actorId, id, status } = JSON.parse(listed.out) as Record<string, string>
      assert.deepStrictEqual([listed.code, actorId, status], [0, execution, "performing"])
      const { out: shown } = yield* command("show", id!)
      assert.match(shown, new RegExp(`^execute Workflow.Order/${execution} {2}performing .* suspended `))
      assert.match(shown, /─ activity charge {2}succeeded/)
      assert.match(shown, /─ deferred paid {2}awaited {2}since/)
      assert.notInclude(shown, "o-1")
      const { code, out: why } = yield* command("why", id!)
      assert.strictEqual(code, 0)
      assert.match(why, /is suspended.*the deferred paid/s)
      const [last] = (yield* command("why", id!, "--json")).out.split("\n")
      assert.include(last, `"name":"paid"`)
    }))
})
