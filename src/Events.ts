/**
 * What becomes of actions, as it happens: for a page that follows a tree, a log, or a test.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { AnyAction } from "./Action.ts"
import type { ActionStatus } from "./ActionHandle.ts"
import type { FailureCause } from "./ActionRecord.ts"
import type { ActorRef } from "./Actor.ts"
import type { StepKind } from "./domain/Phase.ts"
import { Engine } from "./Engine.ts"
import type { DeferredRecord } from "./ExecutionRecord.ts"
import type { InvalidActorId, InvalidOption } from "./SteppedError.ts"

// -------------------------------------------------------------------------------------------------------------------
// models
// -------------------------------------------------------------------------------------------------------------------

/**
 * Whose event it is, and when it was, in user time.
 *
 * @category models
 * @since 0.1.0
 */
export interface EventOrigin {
  /** Id of the action. */
  readonly id: string
  readonly actorType: string
  /** The actor's id as text. */
  readonly actorId: string
  /** The name of the action. */
  readonly name: string
  readonly at: Date
}

/**
 * The step that an event is about.
 *
 * @category models
 * @since 0.1.0
 */
export interface EventStep {
  readonly index: number
  readonly name: string
  /** Of a `compensation`, the name is that of the step that it undoes. */
  readonly kind: StepKind
  /** Which attempt, from 1 on. */
  readonly attemptNumber: number
}

/**
 * The deferred that an event is about.
 *
 * @category models
 * @since 0.1.0
 */
export type EventDeferred = Pick<DeferredRecord, "kind" | "name">

/**
 * What can become of an action, by the events' tags, and what each of them says beside its {@link EventOrigin}.
 *
 * @category models
 * @since 0.1.0
 */
export interface ActionEvents {
  /** It is queued. */
  readonly ActionEnqueued: {
    /** The action that waits for it; none for a root. */
    readonly parent: string | undefined
    /** The action that has started it without waiting for it. */
    readonly startedBy: string | undefined
    /** Until when it is delayed. */
    readonly dueAt: Date | undefined
  }
  /** It performs. */
  readonly ActionStarted: unknown
  /** An attempt of a step begins: once, also where it begins again after a worker's death. Of what undoes a step only the end is told, and that it waits, or is tried again. */
  readonly StepStarted: { readonly step: EventStep }
  /** The body has ended, and the step waits for children, times and signals. */
  readonly StepWaits: {
    readonly step: EventStep
    /** Ids of the children. */
    readonly children: ReadonlyArray<string>
    /** Names of the signals. */
    readonly signals: ReadonlyArray<string>
  }
  /** The attempt has failed, and the next one begins at a time. */
  readonly StepRetries: {
    readonly step: EventStep
    readonly failure: Pick<FailureCause, "kind" | "path" | "message"> | undefined
    readonly nextAt: Date
  }
  /** The last attempt has failed, and somebody is to decide. */
  readonly StepHeld: {
    readonly step: EventStep
    readonly failure: Pick<FailureCause, "kind" | "path" | "message"> | undefined
  }
  /** The step is over. */
  readonly StepEnded: {
    readonly step: EventStep
    readonly status: "succeeded" | "failed" | "cancelled" | "skipped"
    /** Of what undoes a step, the index of that step. */
    readonly undoes: number | undefined
  }
  /** What it was at has failed, unhandled or transiently, and is tried again by the engine, or by its job. */
  readonly ActionRetries: { readonly failure: FailureCause | undefined; readonly nextAt: Date | undefined }
  /** Its steps have ended, and somebody outside completes it. */
  readonly ActionWaitsOutside: unknown
  /** A signal was sent to it. */
  readonly SignalSent: { readonly signal: string; readonly isFailure: boolean }
  /**
   * An execution of a workflow is suspended: until something of what it awaits is there, which are 100 of its deferreds and clocks at most, an execution that it waits for has
   * ended, or, where it has failed, until somebody resumes it.
   */
  readonly ExecutionSuspended: {
    readonly deferreds: ReadonlyArray<EventDeferred>
    readonly clocks: ReadonlyArray<string>
    readonly failure: FailureCause | undefined
  }
  /** The body of an execution runs again from its beginning: something has woken it, or its worker has died. */
  readonly ExecutionReplayed: unknown
  /** An activity of an execution is over, and not done again. */
  readonly ActivityEnded: {
    readonly activity: string
    readonly attemptNumber: number
    readonly status: "succeeded" | "failed"
  }
  /** A deferred of an execution is done, by itself or by somebody else. */
  readonly DeferredDone: { readonly deferred: EventDeferred; readonly status: "succeeded" | "failed" }
  /** An execution sleeps until a clock rings. */
  readonly ClockSet: { readonly clock: string; readonly ringsAt: Date }
  /** Somebody has asked for the interruption of an execution. */
  readonly InterruptionAsked: unknown
  /** How it ends is decided; what its steps have done is undone, or its callbacks run, before that. */
  readonly OutcomeDecided: { readonly status: ActionStatus; readonly cause: FailureCause | undefined }
  /** It shares the performance of another one that does the same. */
  readonly ActionJoined: { readonly successor: string }
  /** It is over. */
  readonly ActionEnded: {
    readonly status: ActionStatus
    readonly cause: FailureCause | undefined
    /** Who has taken its place, where it was superseded. */
    readonly successor: string | undefined
  }
}

/**
 * What has become of an action: any of {@link ActionEvents}, or those of some tags.
 *
 * @category models
 * @since 0.1.0
 */
export type ActionEvent<Tag extends keyof ActionEvents = keyof ActionEvents> = {
  readonly [T in Tag]: { readonly _tag: T } & EventOrigin & ActionEvents[T]
}[Tag]

/**
 * The events that rows give back, whoever performs: those of `handle.events`.
 *
 * @category models
 * @since 0.1.0
 */
export type FollowedEvent =
  | "ActionEnqueued"
  | "ActionStarted"
  | "StepStarted"
  | "StepRetries"
  | "StepHeld"
  | "StepEnded"
  | "ActionEnded"

/**
 * A subscriber was too slow: so many events, the oldest, were dropped where this one stands.
 *
 * @category models
 * @since 0.1.0
 */
export interface EventsLost {
  readonly _tag: "EventsLost"
  readonly count: number
}

/**
 * Which events; all of it has to be so.
 *
 * @category models
 * @since 0.1.0
 */
export interface EventFilter<Tag extends keyof ActionEvents = keyof ActionEvents> {
  /** Those of one actor. */
  readonly actor?: ActorRef
  /** Those of actions of this name. */
  readonly action?: AnyAction
  /** Those of one action. */
  readonly id?: string
  /** Those of these tags. */
  readonly tags?: ReadonlyArray<Tag>
}

// -------------------------------------------------------------------------------------------------------------------
// events
// -------------------------------------------------------------------------------------------------------------------

/**
 * What this process has committed of actions, from when the stream runs on.
 *
 * **Details**
 *
 * An event is told once it is committed, also where the answer of the database was lost and this process finds out later. Those of one action come in the
 * order of their commits; of different actions, in any order. What other processes commit is not among them: `handle.events` follows one tree, whoever
 * performs it.
 *
 * A subscriber that does not keep up loses the oldest events, and is told how many by an `EventsLost`; it holds nobody up. `buffer` events are kept for it,
 * 1,000 if not given.
 *
 * Nothing is written for it, and where nobody listens it costs nothing. What it has to look up (with what an action that somebody else has ended has ended) it
 * reads only while somebody listens.
 *
 * **Example** (What has failed, as it fails)
 *
 * ```ts
 * import { Effect, Stream } from "effect"
 * import { Stepped } from "stepped"
 *
 * const report = Stepped.events({ tags: ["ActionEnded"] }).pipe(
 *   Stream.runForEach((event) =>
 *     event._tag === "EventsLost"
 *       ? Effect.logWarning(`${event.count} events were lost`)
 *       : event.status === "failed"
 *       ? Effect.logError(`${event.name} ${event.actorType}/${event.actorId}: ${event.cause?.message}`)
 *       : Effect.void
 *   )
 * )
 * ```
 *
 * @category events
 * @since 0.1.0
 */
export const events = <const Tag extends keyof ActionEvents = keyof ActionEvents>(
  filter: EventFilter<Tag> = {},
  options: { readonly buffer?: number } = {}
): Stream.Stream<ActionEvent<Tag> | EventsLost, InvalidActorId | InvalidOption, Engine> =>
  Stream.unwrap(Effect.map(Engine, (engine) => engine.events(filter, options)))
