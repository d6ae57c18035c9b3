/**
 * What an action waits for from outside: values with a name, a payload, and an error where somebody may send that instead.
 *
 * @since 0.1.0
 */
import { type Duration, Schema } from "effect"
import { checkCodec, checkName, type PlainSchema } from "./Actor.ts"
import type { FailureCause } from "./domain/Failure.ts"
import type { OperatorOptions } from "./Operation.ts"

// -------------------------------------------------------------------------------------------------------------------
// models
// -------------------------------------------------------------------------------------------------------------------

/**
 * A signal, whatever its types.
 *
 * @category models
 * @since 0.1.0
 */
export interface AnySignal {
  readonly _tag: "Signal"
  readonly name: string
  readonly payload: PlainSchema
  readonly error: PlainSchema
}

/**
 * A signal: its name, and the schemas of what is sent.
 *
 * @category models
 * @since 0.1.0
 */
export interface Signal<out Name extends string, out Payload extends PlainSchema, out E extends PlainSchema>
  extends AnySignal
{
  readonly name: Name
  readonly payload: Payload
  readonly error: E
}

/**
 * Options of {@link signal}.
 *
 * @category models
 * @since 0.1.0
 */
export interface SignalOptions<Payload extends PlainSchema, E extends PlainSchema> {
  /** What is sent with it; nothing, if not given. */
  readonly payload?: Payload
  /** What may be sent instead, as a failure: an error that actions which list the signal declare, too. */
  readonly error?: E
}

/**
 * How a step waits for a signal.
 *
 * @category models
 * @since 0.1.0
 */
export interface SignalWait<Optional extends boolean = boolean> {
  /** How long, from when the step's body has asked: without a limit, if not given. Then the step fails with a `SignalTimedOut`. */
  readonly timeout?: Duration.Input
  /**
   * How long nothing may be heard of whoever is to send it (`Stepped.heartbeat`), from when the step waits. Then it fails with a `HeartbeatTimedOut`, also where
   * it may pass. Without such a limit, if not given.
   */
  readonly heartbeatTimeout?: Duration.Input
  /** A wait whose `timeout` passes gives `undefined`, and fails nothing; it has one. */
  readonly optional?: Optional
}

/**
 * How a signal is sent. Where `by` is given it is recorded with it (`ActionRepo.operations`), by whom and why.
 *
 * @category models
 * @since 0.1.0
 */
export interface SendOptions extends OperatorOptions {
  /**
   * What makes it the same signal when it is sent again, as after an answer that was lost: 1 to 200 characters. Of two with one key the first
   * counts; another payload under it is a `SignalConflict`.
   */
  readonly key?: string | undefined
}

/**
 * What sending a signal has come to.
 *
 * **Details**
 *
 * `sent`: it is stored, for whoever waits for it or takes it next: what comes after a wait's time was over is not that one's. `repeated`: it was stored already, under its key. `none`: there is nothing to send it to, since the action is over, or
 * ends already, or is unknown, or does not list it.
 *
 * @category models
 * @since 0.1.0
 */
export type Sent = "sent" | "repeated" | "none"

/**
 * A signal that was sent to an action.
 *
 * @category models
 * @since 0.1.0
 */
export interface SignalRecord {
  /** Who has it: whoever took the place of whom it was sent to, if it was unread then. */
  readonly action: string
  readonly name: string
  readonly key: string | undefined
  /** As it is stored; null where a failure was sent. */
  readonly payload: unknown
  /** The error that was sent in its place. */
  readonly failure: Omit<FailureCause, "path"> | undefined
  readonly sentAt: Date
  /** The index of the step that has read it; none while nobody has. */
  readonly readBy: number | undefined
}

/**
 * What is sent with a signal; nothing may be left out.
 *
 * @category models
 * @since 0.1.0
 */
export type Sending<S extends AnySignal> = [void] extends [S["payload"]["Type"]]
  ? [payload?: S["payload"]["Type"], options?: SendOptions]
  : [payload: S["payload"]["Type"], options?: SendOptions]

// -------------------------------------------------------------------------------------------------------------------
// markers
// -------------------------------------------------------------------------------------------------------------------

/**
 * A step waits for a signal, which its action has to list.
 *
 * @category markers
 * @since 0.1.0
 */
export interface Receives<out S extends AnySignal> {
  readonly "~stepped/receives": S
}

/**
 * An action lists a signal.
 *
 * @category markers
 * @since 0.1.0
 */
export interface Lists<out S extends AnySignal> {
  readonly "~stepped/lists": S
}

// -------------------------------------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------------------------------------

/**
 * Defines a signal.
 *
 * **Details**
 *
 * An action lists it (`signals: [approval]`), its steps wait for it (`Step.waitFor`), and whoever knows the action sends it: by a handle,
 * `handle.send(approval, payload)`, or `Stepped.send`. Its name is what it is stored under; it is formed as those of actions are.
 *
 * **Example** (A report that somebody has to approve)
 *
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Step, Stepped } from "stepped"
 *
 * const approval = Stepped.signal("approval", { payload: Schema.Struct({ by: Schema.String, approved: Schema.Boolean }) })
 *
 * const report = Stepped.action("report", { arguments: [Schema.String], signals: [approval] })
 *   .step("ask", () => Step.waitFor(approval, { timeout: "2 days" }))
 *   .step((month, { ask }) => Effect.log(`${month}: ${ask.approved ? "approved" : "refused"} by ${ask.by}`))
 * ```
 *
 * **Example** (Work outside that reports its end)
 *
 * ```ts
 * import { Context, Effect, Schedule, Schema } from "effect"
 * import { Step, Stepped } from "stepped"
 *
 * class ExportFailed extends Schema.TaggedError<ExportFailed>()("ExportFailed", { why: Schema.String }) {}
 * class Exporter extends Context.Service<Exporter, { readonly start: (month: string, action: string) => Effect.Effect<void> }>()("Exporter") {}
 * const exported = Stepped.signal("exported", { payload: Schema.String, error: ExportFailed })
 *
 * const publish = Stepped.action("publish", { arguments: [Schema.String], error: ExportFailed, signals: [exported] })
 *   .step("export", Effect.fn(function*(month) {
 *     const { actionId } = yield* Step
 *     const exporter = yield* Exporter
 *     yield* exporter.start(month, actionId)
 *     return yield* Step.waitFor(exported, { timeout: "30 minutes" })
 *   }), { retry: Schedule.recurs(2) })
 *   .step((_month, { export: url }) => Effect.log(`it is at ${url}`))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const signal = <
  const Name extends string,
  Payload extends PlainSchema = Schema.Void,
  E extends PlainSchema = Schema.Never
>(
  name: Name,
  options?: SignalOptions<Payload, E>
): Signal<Name, Payload, E> => {
  checkName("signal", name)
  if (options?.payload !== undefined) checkCodec(name, "payload", options.payload)
  if (options?.error !== undefined) checkCodec(name, "error", options.error)
  return new SignalImpl(name, options?.payload ?? Schema.Void, options?.error ?? Schema.Never) as any
}

/**
 * Tests whether a value is a signal.
 *
 * @category guards
 * @since 0.1.0
 */
export const isSignal = (u: unknown): u is AnySignal => u instanceof SignalImpl

// -------------------------------------------------------------------------------------------------------------------
// internals
// -------------------------------------------------------------------------------------------------------------------

class SignalImpl implements AnySignal {
  readonly _tag = "Signal"
  readonly name: string
  readonly payload: PlainSchema
  readonly error: PlainSchema

  constructor(name: string, payload: PlainSchema, error: PlainSchema) {
    this.name = name
    this.payload = payload
    this.error = error
  }
}
