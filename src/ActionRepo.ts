/**
 * Actions, their steps, and who waits on whom: what exists, what happened, what waits.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { ActionStatus } from "./ActionHandle.ts"
import type { FailureCause } from "./domain/Failure.ts"
import { isActionId, statuses, type StepKind } from "./domain/Phase.ts"
import type { Pause } from "./Pause.ts"
import type { InvalidQuery, StorageError } from "./SteppedError.ts"
import { canBeStored, deletionLimit, idOf, limitOf, timeOf, wordsOf } from "./store/asked.ts"
import { Store } from "./store/Store.ts"

export type { FailureCause, FailureKind, Waiting } from "./domain/Failure.ts"

/**
 * A stored action.
 *
 * @category models
 * @since 0.1.0
 */
export interface ActionRecord {
  readonly id: string
  readonly actorType: string
  /** The actor's id as text. */
  readonly actorId: string
  readonly name: string
  /** The arguments as JSON. */
  readonly arguments: unknown
  /** `queued` until a worker has joined it to its lane. */
  readonly status: "queued" | ActionStatus
  /** Whether the action is live and somebody outside completes it. */
  readonly outbound: boolean
  readonly queue: string
  /** None while it is queued and a worker is to compute its keys, and where it is in named lanes. */
  readonly lane: string | undefined
  /** Its named lanes, as `bays:north`, in their order; none where it has a concurrency key. */
  readonly lanes: ReadonlyArray<string> | undefined
  readonly checksumKey: string | undefined
  readonly checksum: string | undefined
  /** Id of the parent and index of its step; none for a root. */
  readonly parent: string | undefined
  readonly parentStep: number | undefined
  readonly depth: number
  /**
   * How often its last step, its job or its callbacks were begun, or a worker died that had taken it to begin them; of a queued one, its
   * `before` and its keys.
   */
  readonly attempts: number
  /** Why what it does was not done, while it is tried again. */
  readonly lastFailure: FailureCause | undefined
  /** Of one that is queued, what it was enqueued with: the lower, the sooner. */
  readonly priority: number | undefined
  /**
   * When it goes on: at the time to which it is delayed, with the next try, or, no sooner, with the end of the last wait of its step,
   * or when its lanes let it begin.
   */
  readonly dueAt: Date | undefined
  /** Why it does not begin, where it is queued or pending and a pause holds it: the oldest one of its lanes, its queue, its definition, or of everything. */
  readonly pause: Pause | undefined
  /** How long it may perform. */
  readonly timeoutMs: number | undefined
  /** When its time is over; none once it has ended, or its callbacks run. */
  readonly timeoutAt: Date | undefined
  /** The result as JSON. */
  readonly result: unknown
  /** Why it did not succeed; none while it is live, and for one that succeeded, or was superseded without its waiters being told. */
  readonly cause: FailureCause | undefined
  readonly supersededBy: string | undefined
  readonly callbacksSucceeded: number
  readonly callbacksFailed: number
  /** Texts that it was enqueued with. */
  readonly tags: ReadonlyArray<string>
  readonly enqueuedAt: Date
  readonly startedAt: Date | undefined
  readonly endedAt: Date | undefined
}

/**
 * A step of an action: it exists from its start on.
 *
 * @category models
 * @since 0.1.0
 */
export interface StepRecord {
  readonly action: string
  readonly index: number
  readonly name: string
  readonly kind: StepKind
  readonly status: "pending" | "performing" | "succeeded" | "failed" | "cancelled" | "skipped"
  /** With what it failed, where the action went on without it. */
  readonly failure: FailureCause | undefined
  readonly startedAt: Date
  readonly endedAt: Date | undefined
}

/**
 * One thing that a step waits for: a child action or a time.
 *
 * @category models
 * @since 0.1.0
 */
export interface SlotRecord {
  readonly action: string
  readonly step: number
  readonly slot: number
  /** Id of the action that settles the slot; a newcomer's where the child was superseded, another's where it joined. */
  readonly child: string | undefined
  /** What was asked for. */
  readonly actorType: string | undefined
  readonly actorId: string | undefined
  readonly name: string | undefined
  /** When a wait is over. */
  readonly dueAt: Date | undefined
  /** How it was settled; none while it is open. */
  readonly status: ActionStatus | undefined
}

/**
 * An action with its steps and their slots, and the actions in them. One that several slots wait for is in each of them.
 *
 * @category models
 * @since 0.1.0
 */
export interface ActionTree {
  readonly action: ActionRecord
  readonly steps: ReadonlyArray<
    StepRecord & {
      readonly slots: ReadonlyArray<SlotRecord & { readonly tree: ActionTree | undefined }>
    }
  >
}

/**
 * What to list.
 *
 * @category models
 * @since 0.1.0
 */
export interface ActionFilter {
  readonly actorType?: string
  readonly actorId?: string
  readonly name?: string
  readonly statuses?: ReadonlyArray<ActionRecord["status"]>
  /** Only actions without a parent. */
  readonly roots?: boolean
  /** Only ended actions of which a callback failed, for good: what it was to do was not done. */
  readonly callbacksFailed?: boolean
  /** At most so many, newest first; 100 if not given, 10,000 at most. They come with arguments and results: fewer where those are large. */
  readonly limit?: number
}

/**
 * How far history was deleted.
 *
 * @category models
 * @since 0.1.0
 */
export interface Deletion {
  /** How many actions. */
  readonly deleted: number
  /** Where the next call goes on; none after the oldest action. */
  readonly next: string | undefined
}

/** Actions of one tree, if nothing is said, and at most. */
const treeLimit = { otherwise: 1000, most: 100_000 }

/**
 * The actions: queued, live and ended.
 *
 * **Details**
 *
 * Under an id that is none, or that nobody has, there is nothing: no action, no steps, no slots.
 *
 * @category services
 * @since 0.1.0
 */
export class ActionRepo extends Context.Service<ActionRepo, {
  readonly find: (id: string) => Effect.Effect<Option.Option<ActionRecord>, StorageError>
  readonly list: (filter?: ActionFilter) => Effect.Effect<ReadonlyArray<ActionRecord>, StorageError | InvalidQuery>
  /** The steps of an action in the order in which they started. */
  readonly steps: (action: string) => Effect.Effect<ReadonlyArray<StepRecord>, StorageError>
  /** What the steps of an action wait or waited for. */
  readonly slots: (action: string) => Effect.Effect<ReadonlyArray<SlotRecord>, StorageError>
  /** An action and everything below it, at most `limit` actions (1,000 if not given, 100,000 at most). */
  readonly tree: (
    id: string,
    limit?: number
  ) => Effect.Effect<Option.Option<ActionTree>, StorageError | InvalidQuery>
  /**
   * Deletes what ended before a time, with its steps. Of as many ended actions as it looks at: `limit` (10,000 if not given, 100,000 at
   * most), newest first. The next call goes on from `next`, until there is none.
   *
   * **Details**
   *
   * Keeps what is still read: the results of a live action's children; what somebody's answer follows who has joined it, as long as that
   * answer is kept (`deleteOutcomes`); what was superseded, as long as its successor is there; and what has left behind children that
   * are still to be cancelled.
   */
  readonly deleteEnded: (
    options: { readonly before: Date; readonly limit?: number; readonly from?: string | undefined }
  ) => Effect.Effect<Deletion, StorageError | InvalidQuery>
  /**
   * Deletes the answers from before a time that are kept for handles of what was never stored as an action (achieved, joined, ended by its
   * `before`), oldest first, at most `limit` (10,000 if not given, 100,000 at most); gives how many. Who has joined an action is answered
   * as long as that is live, or has ended since.
   */
  readonly deleteOutcomes: (
    options: { readonly before: Date; readonly limit?: number }
  ) => Effect.Effect<number, StorageError | InvalidQuery>
}>()("stepped/ActionRepo") {
  /** The actions of the engine's storage. */
  static readonly layer: Layer.Layer<ActionRepo, never, Store> = Layer.effect(
    ActionRepo,
    Effect.map(Store, (store) =>
      ActionRepo.of({
        find: (id) =>
          isActionId(id)
            ? Effect.map(store.actionsOf([id]), ([action]) => Option.fromUndefinedOr(action))
            : Effect.succeedNone,
        list: (filter = {}) =>
          Effect.gen(function*() {
            const limit = yield* limitOf("limit of ActionRepo.list", filter.limit)
            yield* wordsOf("statuses of ActionRepo.list", filter.statuses, ["queued", ...statuses])
            const texts = [filter.actorType, filter.actorId, filter.name]
            if (!texts.every((text) => text === undefined || canBeStored(text))) return []
            return yield* store.actionsLike(filter, limit)
          }),
        steps: (action) => isActionId(action) ? store.stepsOf([action]) : Effect.succeed([]),
        slots: (action) => isActionId(action) ? store.slotsOf([action]) : Effect.succeed([]),
        tree: (id, limit) =>
          Effect.flatMap(
            limitOf("limit of ActionRepo.tree", limit, treeLimit),
            (most) =>
              isActionId(id) ? Effect.map(loadTree(store, id, most), Option.fromUndefinedOr) : Effect.succeedNone
          ),
        deleteEnded: ({ before, from, limit }) =>
          Effect.gen(function*() {
            const at = yield* timeOf("before of ActionRepo.deleteEnded", before)
            const most = yield* limitOf("limit of ActionRepo.deleteEnded", limit, deletionLimit)
            yield* idOf("from of ActionRepo.deleteEnded", from)
            return yield* store.deleteEnded(at, most, from)
          }),
        deleteOutcomes: ({ before, limit }) =>
          Effect.gen(function*() {
            const at = yield* timeOf("before of ActionRepo.deleteOutcomes", before)
            const most = yield* limitOf("limit of ActionRepo.deleteOutcomes", limit, deletionLimit)
            return yield* store.deleteOutcomes(at, most)
          })
      }))
  )
}

const byAction = <A extends { readonly action: string }>(records: ReadonlyArray<A>) => {
  const groups = new Map<string, Array<A>>()
  for (const record of records) {
    const group = groups.get(record.action)
    if (group === undefined) groups.set(record.action, [record])
    else group.push(record)
  }
  return groups
}

/** Level by level: a statement for the actions of a level, one for their steps, one for their slots. */
const loadTree = (store: Store["Service"], id: string, limit: number) =>
  Effect.gen(function*() {
    const actions = new Map<string, ActionRecord>()
    const steps: Array<StepRecord> = []
    const slots: Array<SlotRecord> = []
    let level: ReadonlyArray<string> = [id]
    while (level.length > 0 && actions.size < limit) {
      const ids = level.slice(0, limit - actions.size)
      for (const action of yield* store.actionsOf(ids)) actions.set(action.id, action)
      steps.push(...yield* store.stepsOf(ids))
      const found = yield* store.slotsOf(ids)
      slots.push(...found)
      const children = found.flatMap(({ child }) => child === undefined || actions.has(child) ? [] : [child])
      level = [...new Set(children)]
    }
    return treeOf(actions, byAction(steps), byAction(slots))(id)
  })

const treeOf = (
  actions: ReadonlyMap<string, ActionRecord>,
  steps: ReadonlyMap<string, ReadonlyArray<StepRecord>>,
  slots: ReadonlyMap<string, ReadonlyArray<SlotRecord>>
) => {
  const trees = new Map<string, ActionTree>()
  // what several slots wait for is built once; nobody waits, by however many of them, for himself
  const build = (id: string): ActionTree | undefined => {
    const action = actions.get(id)
    const built = trees.get(id)
    if (action === undefined || built !== undefined) return built
    const tree: ActionTree = {
      action,
      steps: (steps.get(id) ?? []).map((step) => ({
        ...step,
        slots: (slots.get(id) ?? []).filter((slot) => slot.step === step.index).map((slot) => ({
          ...slot,
          tree: slot.child === undefined ? undefined : build(slot.child)
        }))
      }))
    }
    trees.set(id, tree)
    return tree
  }
  return build
}
