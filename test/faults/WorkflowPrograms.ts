/**
 * Workflows under faults: whoever dies, and whatever is lost, an execution goes on when something wakes it, has what it had before, and does
 * nothing of its end where it goes on elsewhere.
 */
import { Cause, Effect, Exit, Layer, Option, Schema } from "effect"
import { ClusterSchema } from "effect/cluster"
import { PersistedQueue } from "effect/persistence"
import type { SqlClient } from "effect/sql"
import { Activity, DurableClock, DurableDeferred, DurableQueue, Workflow } from "effect/workflow"
import type { WorkflowEngine } from "effect/workflow/WorkflowEngine"
import { type Engine, Stepped, StorageError } from "stepped"
import { layerPersistedQueueStore } from "stepped/stores"
import { StepWorkflow } from "stepped/workflow"
import { note, program } from "./Playing.ts"
import type { Services } from "./Process.ts"
import type { Stage, Tree } from "./Trial.ts"

// ---------------------------------------------------------------------------------------------------------------------
// definitions
// ---------------------------------------------------------------------------------------------------------------------

const payload = { id: Schema.String }
const idempotencyKey = ({ id }: { readonly id: string }) => id

const noted = (name: string) => Activity.make({ name, execute: note(name) })
/** What it does at its end, it does there alone; and for each of its runs that were in the process in which it ends. */
const ends = Workflow.addFinalizer((exit) => note(`ends ${exit._tag}`))

const Approval = DurableDeferred.make("approval", { success: Schema.Int })
const Delivery = DurableDeferred.make("delivery", { success: Schema.Int })
const Receipt = DurableDeferred.make("receipt", { success: Schema.Int })

/** Is given one value before it begins and one while it is suspended, and completes a third one itself. */
const Order = Workflow.make("Order", { payload, success: Schema.Int, idempotencyKey })
const OrderLive = Order.toLayer(() =>
  Effect.gen(function*() {
    yield* ends
    yield* noted("charge").pipe(Order.withCompensation(() => note("refund")))
    yield* Activity.make({ name: "book", execute: note("once: book") }).annotate(ClusterSchema.WithTransaction, true)
    const approved = yield* DurableDeferred.await(Approval)
    const delivered = yield* DurableDeferred.await(Delivery)
    yield* DurableDeferred.into(
      Activity.make({ name: "print", success: Schema.Int, execute: Effect.as(note("print"), 100) }),
      Receipt
    )
    const printed = yield* DurableDeferred.await(Receipt)
    yield* DurableClock.sleep({ name: "trial", duration: "1 hour" })
    yield* noted("close")
    return approved + delivered + printed
  })
)

/** One of its fibers awaits what another one sends, in a run that is not its first. */
const Desk = Workflow.make("Desk", { payload, success: Schema.Int, idempotencyKey })
const DeskLive = Desk.toLayer(() =>
  Effect.gen(function*() {
    const approved = yield* DurableDeferred.await(Approval)
    const print = Activity.make({ name: "print", success: Schema.Int, execute: Effect.as(note("print"), 100) })
    const [, printed] = yield* Effect.all([
      DurableDeferred.into(print, Receipt),
      Effect.andThen(noted("fold"), DurableDeferred.await(Receipt))
    ], { concurrency: "unbounded" })
    return approved + printed
  })
)

/** Whichever of an activity, a value and a time comes first. */
const Race = Workflow.make("Race", { payload, success: Schema.String, idempotencyKey })
const RaceLive = Race.toLayer(() =>
  Effect.gen(function*() {
    const first = yield* DurableDeferred.raceAll({
      name: "either",
      success: Schema.String,
      error: Schema.Never,
      effects: [
        Effect.map(DurableDeferred.await(Approval), (n) => `approved ${n}`),
        Effect.as(DurableClock.sleep({ name: "late", duration: "1 hour" }), "late")
      ]
    })
    yield* noted(first)
    yield* DurableClock.sleep({ name: "later", duration: "2 hours" })
    return first
  })
)

const Kid = Workflow.make("Kid", { payload, success: Schema.Int, idempotencyKey })
const KidLive = Kid.toLayer(({ id }) => Effect.andThen(noted(`kid ${id}`), DurableDeferred.await(Approval)))
const Family = Workflow.make("Family", {
  payload: { kids: Schema.Array(Schema.String) },
  success: Schema.Int,
  idempotencyKey: ({ kids }) => kids.join()
})
const FamilyLive = Family.toLayer(({ kids }) =>
  Effect.gen(function*() {
    yield* ends
    const all = yield* Effect.forEach(kids, (id) => Kid.execute({ id }), { concurrency: "unbounded" })
    return all.reduce((sum, one) => sum + one, 0)
  })
)

/** Fails until somebody has seen to it. */
const Careful = Workflow.make("Careful", { payload, success: Schema.String, idempotencyKey }).annotate(
  Workflow.SuspendOnFailure,
  true
)
const careful = (isMended: () => boolean) =>
  Careful.toLayer(({ id }) =>
    Effect.gen(function*() {
      yield* noted("before")
      if (!isMended()) return yield* Effect.die(new Error("the printer is out of paper"))
      yield* noted("after")
      return `${id} is done`
    })
  )

const Printing = DurableQueue.make({
  name: "printing",
  payload: { page: Schema.Int },
  success: Schema.String,
  idempotencyKey: ({ page }) => `${page}`
})
const Book = Workflow.make("Book", { payload, success: Schema.String, idempotencyKey })
const BookLive = Book.toLayer(() =>
  Effect.gen(function*() {
    const first = yield* DurableQueue.process(Printing, { page: 1 })
    const rest = yield* Effect.forEach([2, 3], (page) => DurableQueue.process(Printing, { page }), {
      concurrency: "unbounded"
    })
    return [first, ...rest].join()
  })
).pipe(
  Layer.merge(DurableQueue.worker(Printing, ({ page }) => Effect.as(note(`prints ${page}`), `page ${page}`))),
  Layer.provide(PersistedQueue.layer),
  Layer.provide(Layer.orDie(layerPersistedQueueStore({ lease: "1 second" })))
)

const live = (
  workflows: Layer.Layer<never, never, WorkflowEngine | Engine | SqlClient.SqlClient>
): Layer.Layer<never, never, Engine | SqlClient.SqlClient> => Layer.provide(workflows, StepWorkflow.layer)

// ---------------------------------------------------------------------------------------------------------------------
// playing
// ---------------------------------------------------------------------------------------------------------------------

/** Whoever asks has an engine for workflows of its own; a storage that does not answer is a failure of it, as for any client. */
const asking = <A, E>(
  effect: Effect.Effect<A, E, WorkflowEngine | Services>
): Effect.Effect<A, E | StorageError, Services> =>
  effect.pipe(
    Effect.provide(Layer.fresh(StepWorkflow.layer)),
    Effect.catchCause((cause): Effect.Effect<never, E | StorageError> => {
      const error = Cause.squash(cause)
      return error instanceof StorageError ? Effect.fail(error) : Effect.failCause(cause)
    })
  )

const insists = <A, E>(stage: Stage, effect: Effect.Effect<A, E, WorkflowEngine | Services>) =>
  stage.insist(asking(effect))

/** One execution of a workflow. */
interface Of<Payload> {
  readonly _tag: string
  readonly executionId: (payload: Payload) => Effect.Effect<string>
  readonly poll: (
    executionId: string
  ) => Effect.Effect<Option.Option<Workflow.Result<unknown, unknown>>, never, WorkflowEngine>
}

type Awaiting = typeof Order | typeof Desk | typeof Race | typeof Kid | typeof Careful

const sends = (stage: Stage, workflow: Awaiting, id: string, value: number, deferred: typeof Approval = Approval) =>
  insists(
    stage,
    Effect.flatMap(workflow.executionId({ id }), (executionId) =>
      DurableDeferred.succeed(deferred, {
        token: DurableDeferred.tokenFromExecutionId(deferred, { workflow, executionId }),
        value
      }))
  )

/** What polling an execution says, in a word. */
const polled = <Payload>(stage: Stage, workflow: Of<Payload>, payload: Payload) =>
  insists(
    stage,
    Effect.map(Effect.flatMap(workflow.executionId(payload), (id) => workflow.poll(id)), (result) =>
      Option.match(result, {
        onNone: () =>
          "none",
        onSome: (result) =>
          result._tag === "Suspended"
            ? result.failed === true ? "failed" : "suspended"
            : Exit.isSuccess(result.exit)
            ? JSON.stringify(result.exit.value)
            : result.exit.cause.reasons.map(({ _tag }) => _tag).join()
      }))
  )

/** Everything by itself, and each of these once, when nothing else goes on. */
const drained = (stage: Stage, deeds: ReadonlyArray<Effect.Effect<unknown, unknown>>) => {
  const left = [...deeds]
  return stage.drain(Effect.suspend(() => {
    const deed = left.shift()
    return deed === undefined ? Effect.succeed(false) : Effect.as(Effect.orDie(deed), true)
  }))
}

const mendedName = "24.2: one that has failed sleeps until somebody resumes it, whatever it is sent"
const mended: Tree = {
  name: mendedName,
  cast: () => {
    let isMended = false
    return program(mendedName, {
      layer: live(careful(() => isMended)),
      play: (stage) =>
        Effect.gen(function*() {
          yield* insists(stage, Careful.execute({ id: "a" }, { discard: true }))
          let before = "running"
          const look = Effect.map(polled(stage, Careful, { id: "a" }), (state) => {
            before = state
            isMended = true
          })
          const sent = sends(stage, Careful, "a", 1)
          const resumed = insists(stage, Effect.flatMap(Careful.executionId({ id: "a" }), (it) => Careful.resume(it)))
          yield* drained(stage, [sent, look, resumed])
          return [before, yield* polled(stage, Careful, { id: "a" })]
        }),
      handles: ["failed", "\"a is done\""],
      actions: ["Workflow.Careful{\"id\": \"a\"} execute succeeded execute succeeded"],
      notes: ["before", "after"]
    }).cast()
  }
}

export const workflowPrograms: ReadonlyArray<Tree> = [
  program("24.3: values that come before an execution, while it is suspended, from itself and at a time", {
    layer: live(OrderLive),
    play: (stage) =>
      Effect.gen(function*() {
        yield* sends(stage, Order, "a", 1)
        yield* insists(stage, Order.execute({ id: "a" }, { discard: true }))
        yield* drained(stage, [sends(stage, Order, "a", 10, Delivery)])
        return [yield* polled(stage, Order, { id: "a" })]
      }),
    handles: ["111"],
    actions: ["Workflow.Order{\"id\": \"a\"} execute succeeded execute succeeded"],
    notes: ["charge", "once: book", "print", "close", "ends Success"]
  }),
  program("24.3: of a race the first one counts, and the clock that is late wakes nobody", {
    layer: live(RaceLive),
    play: (stage) =>
      Effect.gen(function*() {
        for (const id of ["a", "b"]) yield* insists(stage, Race.execute({ id }, { discard: true }))
        yield* drained(stage, [sends(stage, Race, "a", 1)])
        return yield* Effect.forEach(["a", "b"], (id) => polled(stage, Race, { id }))
      }),
    handles: ["\"approved 1\"", "\"late\""],
    actions: ["a", "b"].map((id) => `Workflow.Race{"id": "${id}"} execute succeeded execute succeeded`),
    notes: ["approved 1", "late"]
  }),
  program("24.5: executions that wait for others, one for the same, one for what has ended before", {
    layer: live(Layer.merge(KidLive, FamilyLive)),
    play: (stage) =>
      Effect.gen(function*() {
        yield* sends(stage, Kid, "c", 4)
        yield* insists(stage, Kid.execute({ id: "c" }, { discard: true }))
        yield* stage.idle
        const families = [["a", "b"], ["b", "c"]]
        for (const kids of families) yield* insists(stage, Family.execute({ kids }, { discard: true }))
        yield* drained(stage, [sends(stage, Kid, "a", 1), sends(stage, Kid, "b", 2)])
        return yield* Effect.forEach(families, (kids) => polled(stage, Family, { kids }))
      }),
    handles: ["3", "6"],
    actions: [
      ...["a", "b", "c"].map((id) => `Workflow.Kid{"id": "${id}"} execute succeeded execute succeeded`),
      "Workflow.Family{\"kids\": [\"a\", \"b\"]} execute succeeded execute succeeded",
      "Workflow.Family{\"kids\": [\"b\", \"c\"]} execute succeeded execute succeeded"
    ],
    notes: ["kid a", "kid b", "kid c", "ends Success"]
  }),
  program("24.6: one whose child is cancelled, and one that is interrupted and undone", {
    layer: live(Layer.mergeAll(KidLive, FamilyLive, OrderLive)),
    play: (stage) =>
      Effect.gen(function*() {
        yield* insists(stage, Family.execute({ kids: ["a"] }, { discard: true }))
        yield* insists(stage, Order.execute({ id: "b" }, { discard: true }))
        const cancelled = Effect.gen(function*() {
          const [kid] = yield* stage.sql<
            { id: string }
          >`select id from stepped.actions where actor_type = 'Workflow.Kid'`
          yield* stage.insist(Stepped.cancel(kid!.id))
        })
        const interrupted = insists(
          stage,
          Effect.flatMap(Order.executionId({ id: "b" }), (it) => Order.interrupt(it))
        )
        yield* drained(stage, [cancelled, interrupted])
        return [yield* polled(stage, Family, { kids: ["a"] }), yield* polled(stage, Order, { id: "b" })]
      }),
    handles: ["Die", "Interrupt"],
    actions: [
      "Workflow.Kid{\"id\": \"a\"} execute cancelled execute cancelled",
      "Workflow.Family{\"kids\": [\"a\"]} execute succeeded execute succeeded",
      "Workflow.Order{\"id\": \"b\"} execute succeeded execute succeeded"
    ],
    notes: ["kid a", "charge", "once: book", "refund", "ends Failure"],
    // of the run that was suspended, where the next one was in the same process
    perhaps: ["ends Success"]
  }),
  mended,
  program("24.3: what a durable queue's workers have made of each entry", {
    layer: live(BookLive),
    play: (stage) =>
      Effect.gen(function*() {
        yield* insists(stage, Book.execute({ id: "a" }, { discard: true }))
        yield* drained(stage, [])
        return [yield* polled(stage, Book, { id: "a" })]
      }),
    handles: ["\"page 1,page 2,page 3\""],
    actions: ["Workflow.Book{\"id\": \"a\"} execute succeeded execute succeeded"],
    notes: ["prints 1", "prints 2", "prints 3"]
  }),
  program("24.3: what one of its fibers sends and another one awaits", {
    layer: live(DeskLive),
    play: (stage) =>
      Effect.gen(function*() {
        yield* insists(stage, Desk.execute({ id: "a" }, { discard: true }))
        yield* drained(stage, [sends(stage, Desk, "a", 1)])
        return [yield* polled(stage, Desk, { id: "a" })]
      }),
    handles: ["101"],
    actions: ["Workflow.Desk{\"id\": \"a\"} execute succeeded execute succeeded"],
    notes: ["print", "fold"]
  })
]
