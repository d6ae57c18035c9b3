/**
 * The same order twice: as a workflow of `effect/workflow`, and as an action.
 *
 * Both charge, wait until somebody approves, and ship; both would be gone on with by another process if this one died. The workflow is one
 * function, which runs again from its beginning; the action has steps, each of which runs once. After that the checkout of `examples/checkout`
 * is done in both ways (`checkout.ts`), once to its end, and once with what is sold out.
 *
 * Run with `npm run example examples/workflow/main.ts`.
 */
import { Console, Effect, Fiber, Layer, Option, Queue, Schema } from "effect"
import { Activity, DurableDeferred, Workflow, type WorkflowEngine } from "effect/workflow"
import { ActionRepo, Step, Stepped } from "stepped"
import * as Embedded from "stepped/embedded"
import { StepWorkflow } from "stepped/workflow"
import { Bank, Carrier, checkout, Customer, handOver, SoldOut, Stock, wrapAsGift } from "../checkout/definitions.ts"
import { Checkout, CheckoutsLive, Collected } from "./checkout.ts"

const charge = (order: string) => Effect.as(Console.log(`${order} is charged`), `receipt of ${order}`)
const ship = (order: string) => Console.log(`${order} is shipped`)

// #region workflow
const Approval = DurableDeferred.make("approval", { success: Schema.String })

const Order = Workflow.make("Order", {
  payload: { order: Schema.String },
  success: Schema.String,
  idempotencyKey: ({ order }) => order
})

const OrderLive = Order.toLayer(({ order }) =>
  Effect.gen(function*() {
    const receipt = yield* Activity.make({ name: "charge", success: Schema.String, execute: charge(order) })
    const by = yield* DurableDeferred.await(Approval)
    yield* Activity.make({ name: "ship", execute: ship(order) })
    return `${receipt}, approved by ${by}`
  })
)
// #endregion

// #region action
class Shop extends Stepped.Actor<Shop>()("Shop", { id: Schema.String }) {}

const approval = Stepped.signal("approval", { payload: Schema.String })

const order = Stepped.action("order", {
  arguments: [Schema.String],
  success: Schema.String,
  signals: [approval],
  concurrencyKey: (order) => order
})
  .step("charge", (order) => charge(order))
  .step("approve", () => Step.waitFor(approval))
  .step("ship", (order) => ship(order))
  .step("tell", (_order, { approve, charge }) => Effect.succeed(`${charge}, approved by ${approve}`))

const Shops = Stepped.actions(Shop, [order])
// #endregion

/** The services of the checkout, which say what they do; the carrier says of what it is to call back. */
const outside = (parcels: Queue.Queue<string>) =>
  Layer.mergeAll(
    Layer.succeed(Bank, {
      charge: ({ id }) => Effect.as(Console.log(`${id} is charged`), id),
      refund: (payment) => Console.log(`${payment} is refunded`),
      voidIfCharged: ({ id }) => Console.log(`${id} is void`)
    }),
    Layer.succeed(Stock, {
      reserve: ({ id, item }) => item === "a boat" ? Effect.fail(new SoldOut({ item })) : Effect.succeed(id),
      release: () => Effect.void,
      wrap: () => Effect.succeed("in paper with stars")
    }),
    Layer.succeed(Carrier, { send: (reference) => Effect.asVoid(Queue.offer(parcels, reference)) })
  )
const parcels = Effect.runSync(Queue.unbounded<string>())
const Checkouts = Stepped.actions(Customer, [checkout, handOver, wrapAsGift])

// #region main
const Main = Stepped.worker().pipe(
  Layer.provide(Shops.layer),
  Layer.provideMerge(OrderLive),
  Layer.provide([Checkouts.layer, CheckoutsLive]),
  Layer.provide(outside(parcels)),
  Layer.provideMerge(StepWorkflow.layer),
  Layer.provideMerge(Embedded.layer())
)
// #endregion

/** Waits until a workflow's execution is suspended. */
const suspended = (executionId: string): Effect.Effect<void, never, WorkflowEngine.WorkflowEngine> =>
  Effect.flatMap(Order.poll(executionId), (result) =>
    Option.isSome(result) && result.value._tag === "Suspended"
      ? Effect.void
      : Effect.andThen(Effect.sleep("20 millis"), suspended(executionId)))

const program = Effect.gen(function*() {
  // a workflow: who executes it again is given the same
  const executionId = yield* Order.execute({ order: "red shoes" }, { discard: true })
  yield* suspended(executionId)
  const token = DurableDeferred.tokenFromExecutionId(Approval, { workflow: Order, executionId })
  yield* DurableDeferred.succeed(Approval, { token, value: "Ada" })
  yield* Console.log(yield* Order.execute({ order: "red shoes" }))

  // an action
  const handle = yield* (yield* Shops.client)("Berlin").orderLater("blue shoes")
  yield* handle.send(approval, "Bob")
  yield* Console.log(yield* handle.await)

  // the checkout in both ways: to its end, and with what is sold out
  const asked = (id: string, item: string) => ({ id, item, cents: 4200, isGift: true })
  const kite = yield* Effect.forkChild(Checkout.execute({ order: asked("order 1", "a kite") }))
  yield* DurableDeferred.succeed(Collected, {
    token: DurableDeferred.Token.make(yield* Queue.take(parcels)),
    value: "parcel 1"
  })
  yield* Console.log(JSON.stringify(yield* Fiber.join(kite)))
  const ann = (yield* Checkouts.client)("ann")
  const other = yield* ann.checkoutLater(asked("order 2", "a kite"))
  yield* Stepped.complete(yield* Queue.take(parcels), handOver, Stepped.Outcome.succeeded("parcel 2"))
  yield* Console.log(JSON.stringify(yield* other.await))
  const boat = yield* Effect.flip(Checkout.execute({ order: asked("order 3", "a boat") }))
  yield* Console.log(boat._tag)
  const none = yield* Effect.flip((yield* ann.checkoutLater(asked("order 4", "a boat"))).await)
  yield* Console.log(none._tag)

  // both are in one history
  const actions = yield* (yield* ActionRepo).list({ limit: 10 })
  for (const { actorType, name, status } of actions.toReversed()) yield* Console.log(`${name} ${actorType}: ${status}`)
})

await Effect.runPromise(Effect.provide(program, Main))
