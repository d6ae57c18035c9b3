/**
 * The engine of `effect/workflow` over Stepped (chapter 24 of the rules).
 *
 * @since 0.1.0
 */
import type * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import { WorkflowEngine } from "effect/workflow/WorkflowEngine"
import type { Engine } from "../Engine.ts"
import { make, QueueOf } from "./engine.ts"

/**
 * Runs workflows on Stepped.
 *
 * **Details**
 *
 * Each execution is one action: its payload are the action's arguments, its exit is the action's result. Workers that have the workflow's layer
 * run it (`Stepped.worker`), and it is listed, shown, explained and deleted as any action. Its actor's type is `Workflow.` and the workflow's
 * name, its actor's id is the execution's id.
 *
 * **Example** (A workflow with a timer)
 *
 * ```ts
 * import { Effect, Layer, Schema } from "effect"
 * import { Activity, DurableClock, Workflow } from "effect/workflow"
 * import { Stepped } from "stepped"
 * import { StepWorkflow } from "stepped/workflow"
 *
 * const Trial = Workflow.make("Trial", {
 *   payload: { user: Schema.String },
 *   idempotencyKey: ({ user }) => user
 * })
 *
 * const TrialLive = Trial.toLayer(({ user }) =>
 *   Effect.gen(function*() {
 *     yield* Activity.make({ name: "welcome", execute: Effect.log(`welcome, ${user}`) })
 *     yield* DurableClock.sleep({ name: "trial", duration: "14 days" })
 *     yield* Activity.make({ name: "goodbye", execute: Effect.log(`goodbye, ${user}`) })
 *   })
 * )
 *
 * // over Stepped.layer, or that of `stepped/embedded`
 * const Main = TrialLive.pipe(
 *   Layer.provideMerge(StepWorkflow.layer),
 *   Layer.merge(Stepped.worker())
 * )
 * ```
 *
 * **Gotchas**
 *
 * An execution's id is held as long as the history of its action: once that is deleted (`historyRetention`), the same payload starts it anew.
 * Cancelling its action ends it without its finalizers and compensations; to have those, interrupt it (`MyWorkflow.interrupt`).
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<WorkflowEngine, never, Engine> = Layer.effect(WorkflowEngine, make)

/**
 * The queue of a workflow's executions, as an annotation: `default`, if it has none.
 *
 * **Example** (Executions in a queue of their own)
 *
 * ```ts
 * import { Schema } from "effect"
 * import { Workflow } from "effect/workflow"
 * import { StepWorkflow } from "stepped/workflow"
 *
 * const Import = Workflow.make("Import", {
 *   payload: { file: Schema.String },
 *   idempotencyKey: ({ file }) => file
 * }).annotate(StepWorkflow.Queue, "imports")
 * ```
 *
 * @category annotations
 * @since 0.1.0
 */
export const Queue: Context.Reference<string> = QueueOf
