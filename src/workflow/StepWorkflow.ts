/**
 * The engine of `effect/workflow` over Stepped (chapter 24 of the rules).
 *
 * @since 0.1.0
 */
import type * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import type * as Schedule from "effect/Schedule"
import { WorkflowEngine } from "effect/workflow/WorkflowEngine"
import type { Engine } from "../Engine.ts"
import * as Annotations from "./definitions.ts"
import { make } from "./engine.ts"

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
export const Queue: Context.Reference<string> = Annotations.Queue

/**
 * Which defects of a workflow fail its execution at once, as an annotation: those that the engine's option `handledDefects` says, if it has none.
 *
 * **Details**
 *
 * It matters to workflows that do not capture defects (`Workflow.CaptureDefects`): of others a defect is an exit like any. What is not handled is tried again, as
 * `Retry` and `Attempts` say, and then suspended until somebody resumes it.
 *
 * **Example** (A workflow that is tried again while a printer is away)
 *
 * ```ts
 * import { Schedule, Schema } from "effect"
 * import { Workflow } from "effect/workflow"
 * import { StepWorkflow } from "stepped/workflow"
 *
 * const Print = Workflow.make("Print", {
 *   payload: { document: Schema.String },
 *   idempotencyKey: ({ document }) => document
 * })
 *   .annotate(Workflow.CaptureDefects, false)
 *   .annotate(StepWorkflow.HandledDefects, (defect) => !(defect instanceof Error && defect.message === "offline"))
 *   .annotate(StepWorkflow.Retry, Schedule.spaced("1 minute"))
 *   .annotate(StepWorkflow.Attempts, 60)
 * ```
 *
 * @category annotations
 * @since 0.1.0
 */
export const HandledDefects: Context.Reference<((defect: unknown) => boolean) | undefined> = Annotations.HandledDefects

/**
 * When an execution of a workflow is tried again that has ended without an answer, as an annotation: as the engine's option `retry` says, if it has none.
 *
 * **Details**
 *
 * Without an answer ends what is not handled (`HandledDefects`), and what the database has failed with. Failures of the workflow's own are its exit, and activities are tried
 * again by the workflow (`Activity.retry`).
 *
 * @category annotations
 * @since 0.1.0
 */
export const Retry: Context.Reference<Schedule.Schedule<unknown> | undefined> = Annotations.Retry

/**
 * How often the body of an execution is begun at most, one after the other without an answer (see `Retry`, and workers that die), before it is suspended until somebody resumes
 * it: as often as the engine's option `attempts` says, if the workflow has no such annotation. A whole number from 1 to 10,000; another one is a `DefinitionError`.
 *
 * **Details**
 *
 * What has killed its worker twice, or has one of these left, is performed alone in its process; of the engine's own `attempts`, where whoever takes over does not have the workflow.
 *
 * @category annotations
 * @since 0.1.0
 */
export const Attempts: Context.Reference<number | undefined> = Annotations.Attempts
