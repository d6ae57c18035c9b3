/**
 * Why an action is not finished: the chain of what it waits for, to its end, as a value and as text.
 *
 * @since 0.1.0
 */
import { Effect } from "effect"
import type { ActionStatus } from "./ActionHandle.ts"
import type { FailureCause, Heartbeat } from "./ActionRecord.ts"
import type { WorkerRecord } from "./Catalogue.ts"
import { counted, drawn, joined, leaf, type Node, roughly, timeFrom } from "./domain/drawing.ts"
import { spoken } from "./domain/Failure.ts"
import { shown } from "./domain/shown.ts"
import { Engine } from "./Engine.ts"
import type { DeferredRecord } from "./ExecutionRecord.ts"
import type { ExplainedAction } from "./Explanation.ts"
import type { Pause } from "./Pause.ts"
import type { StorageError, UnknownAction } from "./SteppedError.ts"

// -------------------------------------------------------------------------------------------------------------------
// models
// -------------------------------------------------------------------------------------------------------------------

/**
 * What a worker does for an action, or is to do again.
 *
 * **Details**
 *
 * `preparing`: its `before`, or the effects of its keys. `concluding`: it goes on with what the step has waited for, or with what somebody has
 * decided of it. `undoing`: a compensation. `closing`: a body that is to end before what its action has done is undone.
 *
 * @category models
 * @since 0.1.0
 */
export type Doing = "preparing" | "step" | "concluding" | "callbacks" | "job" | "undoing" | "closing"

/**
 * An action in the answer of `why`, with the reasons for which it is not finished.
 *
 * @category models
 * @since 0.1.0
 */
export interface WhyAction extends ExplainedAction {
  /** None of an action that the answer has no room for, or that is not stored any more. */
  readonly status: "queued" | ActionStatus | undefined
  readonly enqueuedAt: Date | undefined
  /** When its time is over. */
  readonly timeoutAt: Date | undefined
  /** All of them hold it up. None where it is named a second time: they stand where it is named first. */
  readonly reasons: ReadonlyArray<Reason>
  /** It stands in the answer before this, with its reasons. */
  readonly isAbove: boolean
}

/**
 * A step that waits.
 *
 * @category models
 * @since 0.1.0
 */
export interface WaitingStep {
  readonly step: string
  /** It is what undoes that step that waits. */
  readonly undoes: boolean
  readonly since: Date
  /** When the step's time is over. */
  readonly timeoutAt: Date | undefined
  /** How many of these it waits for still; from 1,000 on they are not counted further. */
  readonly open: number
}

/**
 * Why an action is not finished.
 *
 * **Details**
 *
 * - `Waits`: others perform in its lane, or are before it in line: `behind` are those that perform there (20 at most), or, where there is room,
 *   who is first in line and does not begin either. `Sibling`: its elder sibling is to join the lane before it.
 * - `Paused`, `Limited`, `Debounced`, `Delayed`, `Joins`: as an `Explanation` has them.
 * - `Children`, `Timer`, `Signal`: what its step waits for; of children 20 at most. `undoing`: they are unwound. `closing`: they end first, and
 *   the step does not go on.
 * - `Outbound`: somebody outside is to complete it.
 * - `Held`: its step has failed, and somebody is to decide of it; `decided` is who has decided of that step last.
 * - `Suspended`: an execution of a workflow waits for what wakes it: `deferreds` and `clocks` (100 of them at most, each since when), or the ends of
 *   `children` (20 at most). `until`: when its next clock rings, also one that it does not await. With a `failure` it waits for somebody to resume it.
 * - `Retries`: what has failed is tried again at a time.
 * - `Due`: a worker may take it at any time. `Unserved`: no living worker takes it; where none lives at all, it stands beside what the action waits
 *   for, too, once a worker would have ended that (a time that is over, a signal that was sent, a worker that is gone).
 * - `Performs`: a worker has it in hand. Without a worker, its worker is gone, and others take over.
 * - `Cancelled`: it is cancelled, and a worker is to end it.
 * - `Unwinding`: how it ends is decided, and what it has done is undone before that, or after its end, with its parent; `step` is what is being
 *   undone.
 * - `Stranded`: nothing continues it, which must not be; workers mend that.
 * - `Ended`: it is finished.
 *
 * @category models
 * @since 0.1.0
 */
export type Reason =
  & (
    | {
      readonly _tag: "Waits"
      readonly lane: string
      /** 1 is next; from 1,001 on it is not counted further. */
      readonly place: number
      readonly performing: number
      readonly limit: number
      readonly behind: ReadonlyArray<WhyAction>
    }
    | { readonly _tag: "Sibling"; readonly elder: WhyAction }
    | { readonly _tag: "Paused"; readonly pause: Pause }
    | { readonly _tag: "Limited" | "Debounced"; readonly lane: string; readonly until: Date }
    | { readonly _tag: "Delayed"; readonly until: Date }
    | { readonly _tag: "Joins"; readonly joined: WhyAction }
    | ({
      readonly _tag: "Children"
      readonly undoing: boolean
      readonly closing: boolean
      readonly children: ReadonlyArray<WhyAction>
    } & WaitingStep)
    | ({ readonly _tag: "Timer"; readonly until: Date } & WaitingStep)
    | ({
      readonly _tag: "Signal"
      readonly signal: string
      /** It goes on without one when its time is over. */
      readonly optional: boolean
      readonly until: Date | undefined
      /** How many of its name were sent and are not read: where no worker lives, and where they came after its time; from 1,000 on they are not counted further. */
      readonly unread: number
      /** When the last one of these was sent. */
      readonly unreadAt: Date | undefined
      readonly heartbeat: Heartbeat
    } & WaitingStep)
    | { readonly _tag: "Outbound"; readonly since: Date; readonly heartbeat: Heartbeat }
    | {
      readonly _tag: "Held"
      readonly step: string | undefined
      /** The one that is to be decided of, as its record has it. */
      readonly attempt: number
      readonly since: Date | undefined
      readonly failure: FailureCause | undefined
      readonly decided:
        | { readonly verb: string; readonly by: string; readonly reason: string | undefined; readonly at: Date }
        | undefined
    }
    | {
      readonly _tag: "Suspended"
      readonly failure: FailureCause | undefined
      readonly since: Date | undefined
      readonly deferreds: ReadonlyArray<Pick<DeferredRecord, "kind" | "name"> & { readonly since: Date }>
      readonly clocks: ReadonlyArray<{ readonly name: string; readonly since: Date; readonly ringsAt: Date }>
      readonly until: Date | undefined
      readonly children: ReadonlyArray<WhyAction>
    }
    | {
      readonly _tag: "Retries"
      readonly what: Doing
      readonly step: string | undefined
      /** The next one. */
      readonly attempt: number
      readonly at: Date
      readonly failure: FailureCause | undefined
    }
    | {
      readonly _tag: "Due"
      readonly queue: string
      readonly since: Date | undefined
      /** Where it stands among what is to start: 1 is next; from 1,001 on it is not counted further. None of what goes on. */
      readonly place: number | undefined
      /** How many take it. */
      readonly workers: number
    }
    | {
      readonly _tag: "Unserved"
      readonly queue: string
      readonly since: Date | undefined
      /** What there is not: a living worker, one of these that has the definition, one of those that serves the queue, one of these that is not draining. */
      readonly missing: "worker" | "definition" | "queue" | "undrained"
      /** How many live. */
      readonly workers: number
    }
    | {
      readonly _tag: "Performs"
      readonly what: Doing
      readonly step: string | undefined
      readonly attempt: number
      /** When its body began. */
      readonly since: Date | undefined
      readonly worker:
        | (Pick<WorkerRecord, "name" | "build" | "startedAt" | "leaseUntil"> & {
          /** Its lease is over: others take over. */
          readonly isOver: boolean
        })
        | undefined
      readonly progress: unknown
    }
    | { readonly _tag: "Cancelled"; readonly since: Date }
    | {
      readonly _tag: "Unwinding"
      readonly status: ActionStatus
      /** It has ended, and what has asked for it has not succeeded. */
      readonly hasEnded: boolean
      readonly cause: FailureCause | undefined
      readonly step: string | undefined
    }
    | { readonly _tag: "Stranded" }
    | {
      readonly _tag: "Ended"
      readonly status: ActionStatus
      readonly at: Date
      readonly cause: FailureCause | undefined
      readonly supersededBy: string | undefined
      /** What it has come to is forgotten (`ActionRepo.forget`). */
      readonly forgotten: boolean
    }
  )
  & {
    /** The same in words. */
    readonly text: string
  }

/**
 * Why an action is not finished, with what that is compared with.
 *
 * @category models
 * @since 0.1.0
 */
export interface Why extends WhyAction {
  /** When that was read. */
  readonly at: Date
  /** How long such actions take from their start to their end, by the newest of them that have succeeded: 1,000 at most, among the newest 5,000 of all that have ended. None where there are none, or that was not found out in time. */
  readonly usual:
    | { readonly count: number; readonly medianMs: number; readonly p95Ms: number }
    | undefined
  /** How many actions are named, or counted, without their reasons: the answer has 200 at most. */
  readonly leftOut: number
}

// -------------------------------------------------------------------------------------------------------------------
// asking
// -------------------------------------------------------------------------------------------------------------------

/**
 * Says why an action is not finished, and why what it waits for is not, to the end; of one that has ended how.
 *
 * **Details**
 *
 * All of it is read at one moment, in a few look-ups for each action, whatever there is besides, on a connection of its own beside the pool: so it
 * answers while the pool is used up. Each of its statements takes two seconds at most, and all of it with the connecting eight; it fails with a `StorageError` then. A server
 * that has no connection left for anybody is asked by way of the pool. Of the embedded database, which has one session, it waits for its turn. What a transaction has not
 * committed is not seen. An id that nobody has is an `UnknownAction`.
 *
 * **Example** (What is it waiting for?)
 *
 * ```ts
 * import { Console, Effect } from "effect"
 * import { Stepped } from "stepped"
 *
 * const ask = Effect.fn(function*(id: string) {
 *   yield* Console.log(Stepped.renderWhy(yield* Stepped.why(id)))
 * })
 * ```
 *
 * @category asking
 * @since 0.1.0
 */
export const why = (id: string): Effect.Effect<Why, UnknownAction | StorageError, Engine> =>
  Effect.flatMap(Engine, (engine) => engine.why(id))

// -------------------------------------------------------------------------------------------------------------------
// writing
// -------------------------------------------------------------------------------------------------------------------

/**
 * Writes it as text for a terminal: a line for each action, and below it one for each reason, with whom it waits for below that.
 *
 * **Details**
 *
 * Times are in UTC, and how far they are from when it was asked. No arguments are in it, and nothing that a terminal would obey.
 *
 * @category writing
 * @since 0.1.0
 */
export const renderWhy = (why: Why): string => {
  const { below, line } = actionNode(why, why.at)
  const { leftOut, usual } = why
  return drawn({
    line,
    below: [
      ...usual === undefined ? [] : [leaf(
        `such actions take ${roughly(usual.medianMs)}, 95 of 100 no more than ${roughly(usual.p95Ms)} (by ${
          counted(usual.count, "action")
        })`
      )],
      ...below,
      ...leftOut === 0
        ? []
        : [leaf(`left out: the reasons of ${counted(leftOut, "further action")}; ask for one by its id`)]
    ]
  })
}

const actionNode = (action: WhyAction, now: Date): Node => ({
  line: joined(
    shown(action.action),
    action.status === undefined ? "not read" : spoken(action.status),
    action.since === undefined
      ? action.enqueuedAt && `enqueued ${timeFrom(now, action.enqueuedAt)}`
      : `${isOver(action) ? "started" : "since"} ${timeFrom(now, action.since)}`,
    action.timeoutAt === undefined ? undefined : `times out ${timeFrom(now, action.timeoutAt)}`,
    action.action === action.id ? undefined : action.id,
    action.isAbove ? "see above" : undefined
  ),
  below: action.reasons.map((reason) => ({
    line: shown(reason.text, 1000),
    below: othersOf(reason).map((other) => actionNode(other, now))
  }))
})

/** Whether its time of starting is no longer that since which it is what it is; of one that is being undone after its end it is when that began. */
const isOver = ({ reasons, status }: WhyAction): boolean =>
  status !== undefined && !["queued", "pending", "performing"].includes(status) &&
  !reasons.some(({ _tag }) => _tag === "Unwinding")

const othersOf = (reason: Reason): ReadonlyArray<WhyAction> => {
  switch (reason._tag) {
    case "Waits":
      return reason.behind
    case "Children":
    case "Suspended":
      return reason.children
    case "Sibling":
      return [reason.elder]
    case "Joins":
      return [reason.joined]
    default:
      return []
  }
}
