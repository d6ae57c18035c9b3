/** Explaining (rule 16.2): what would become of an invocation, and of stored actions, read and put into words. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { AnyAction, Definition } from "../../Action.ts"
import type { ActorRef } from "../../Actor.ts"
import { actionText, spoken } from "../../domain/Failure.ts"
import { isActionId, KeyKind } from "../../domain/Phase.ts"
import type { EnqueueOptions } from "../../EnqueueOptions.ts"
import type { ExplainedAction, ExplainedPlace, Explanation, StoredExplanation } from "../../Explanation.ts"
import { knownLanes } from "../../Lane.ts"
import type { Pause } from "../../Pause.ts"
import { type EnqueueErrorReason, type StorageError, UnknownAction } from "../../SteppedError.ts"
import type { Explained, Other, StoredPause, ToExplain } from "../../store/Explained.ts"
import type { Invocation } from "../../store/Invocation.ts"
import { checksumOf } from "../checksum.ts"
import { maybe, rawKeys, toKeys } from "../invoke/invocation.ts"
import { readOptions } from "../invoke/options.ts"
import { achievedResult } from "../invoke/prepare.ts"
import type { ClientContext } from "./context.ts"
import { conflictOf } from "./invoking.ts"
import * as Invoking from "./invoking.ts"

export interface Explaining {
  /** Explains what a client would enqueue; `parent` is the id of the action that would wait for it. */
  readonly explain: (
    ref: ActorRef,
    action: AnyAction,
    args: ReadonlyArray<unknown>,
    options: EnqueueOptions | undefined,
    parent: string | undefined
  ) => Effect.Effect<Explanation, EnqueueErrorReason | UnknownAction>
  /** Explains a stored action; `asked` is what the id was taken for. */
  readonly explainStored: (
    id: string,
    asked?: { readonly action: AnyAction; readonly definition: string; readonly actorId: string }
  ) => Effect.Effect<StoredExplanation, UnknownAction | StorageError>
}

export const make = (engine: ClientContext): Explaining => {
  const { now, registry, settings, store } = engine
  const invocationOf = Invoking.make(engine)
  return {
    explain: (ref, action, args, options, parent) =>
      Effect.gen(function*(): Effect.fn.Return<Explanation, EnqueueErrorReason | UnknownAction> {
        if (parent !== undefined && !isActionId(parent)) return yield* new UnknownAction({ actionId: parent })
        const at = yield* now
        const invocation = yield* invocationOf(ref, action, args, at, yield* readOptions(action.name, options, at))
        const asked = asDecided(ref, action.definition, args, invocation)
        const said = yield* store.explain(
          { ...asked, parent: parent ?? null },
          at,
          settings.keyRetention,
          knownLanes()
        )
        if (said === null) return yield* new UnknownAction({ actionId: parent! })
        if (said.tag === "Conflict") {
          return yield* conflictOf(invocation, said.action, said.kind === KeyKind.id ? "id" : "idempotency")
        }
        const it = actionText(invocation.definition, invocation.actorId)
        return (yield* explanationOf(it, action.definition, said, at)) as Explanation
      }),
    explainStored: (id, asked) =>
      Effect.gen(function*() {
        const at = yield* now
        const found = isActionId(id) ? yield* store.explainAction(id, at, registry.catalog(), knownLanes()) : undefined
        if (found === undefined) return yield* new UnknownAction({ actionId: id })
        const it = actionText(found.definition, found.actorId)
        if (asked !== undefined && (asked.definition !== found.definition || asked.actorId !== found.actorId)) {
          return yield* new UnknownAction({
            actionId: id,
            asked: actionText(asked.definition, asked.actorId),
            found: it
          })
        }
        const definition = asked?.action.definition ?? registry.byKey(found.definition)?.definition
        return yield* explanationOf(it, definition, found.answer, at)
      })
  }
}

/** What of an invocation is known without running an effect, and what a worker would have to run for the rest. */
const asDecided = (
  ref: ActorRef,
  definition: Definition,
  args: ReadonlyArray<unknown>,
  invocation: Invocation
): Pick<ToExplain, "invocation" | "undecided"> => {
  const isKnown = invocation.lane !== null || invocation.lanes !== undefined
  if (definition.before === undefined && isKnown) return { invocation, undecided: null }
  const by = definition.before === undefined ? "key" : "before"
  try {
    const raw = rawKeys(definition, args)
    if ([raw.lane, raw.lanes, raw.checksumKey, raw.timeout].some(Effect.isEffect)) {
      return { invocation, undecided: "key" }
    }
    const { checksumKey, lane, lanes } = toKeys(ref.type, invocation.actorId, definition, raw)
    const given = maybe(definition.checksum, args)
    const isSummed = !Effect.isEffect(given)
    return {
      invocation: {
        ...invocation,
        lane,
        ...lanes === null ? {} : { lanes },
        checksumKey,
        checksum: isSummed ? checksumOf(definition, given) : null
      },
      undecided: isSummed || definition.before !== undefined ? by : "checksum"
    }
  } catch {
    // a worker finds out, and the action fails
    return { invocation, undecided: by }
  }
}

export const dateOf = (millis: number | null | undefined) =>
  millis === null || millis === undefined ? undefined : new Date(millis)

const otherOf = ({ actorId, definition, id, since }: Other): ExplainedAction => ({
  id,
  action: definition === undefined ? id : actionText(definition, actorId!),
  since: dateOf(since)
})

export const pauseOf = (pause: StoredPause): Pause => ({ ...pause, since: new Date(pause.since) })

const list = (actions: ReadonlyArray<ExplainedAction>): string =>
  actions.length === 0 ? "nobody" : actions.map(({ action }) => action).join(", ")

export const pauseText = ({ by, kind, reason, subject }: Pause): string =>
  `${subject === "" ? kind : `the ${kind} ${subject}`} is paused by ${by}: ${reason}`

export const untilText = (tag: "Limited" | "Debounced", lane: string, until: string): string =>
  `waits in the lane ${lane}: ${
    tag === "Limited" ? "its rate allows no start before" : "it puts starts off until"
  } ${until}`

const placeText = ({ lane, performing, place }: ExplainedPlace): string =>
  `number ${place} in the lane ${lane}, where ${list(performing)} performs`

const explanationOf = (
  it: string,
  definition: Definition | undefined,
  said: Explained,
  now: number
): Effect.Effect<StoredExplanation> =>
  Effect.gen(function*(): Effect.fn.Return<StoredExplanation> {
    // what follows is never of one that performs or has ended
    const follows = (then: Explained) => Effect.map(explanationOf(it, definition, then, now), (it) => it as Explanation)
    switch (said.tag) {
      case "Achieved": {
        const counts = definition === undefined
          ? Option.some(said.result)
          : yield* achievedResult(definition, said, now)
        if (Option.isNone(counts)) return yield* follows(said.then)
        const achievedAt = new Date(said.achievedAt)
        return {
          _tag: "Achieved",
          result: counts.value,
          achievedBy: said.action,
          achievedAt,
          text: `${it} was achieved at ${achievedAt.toISOString()} by ${said.action}, and takes that result`
        }
      }
      case "Supersedes": {
        const then = yield* follows(said.then)
        const superseded = said.others.map((other) => ({
          ...otherOf(other),
          waiters: other.waiters.map(otherOf),
          toldIn: other.toldIn ?? undefined
        }))
        const inherited = superseded.flatMap(({ toldIn, waiters }) => toldIn === undefined ? waiters : [])
        const whoWaits = inherited.length === 0 ? "" : `, for which ${list(inherited)} waits then`
        return {
          _tag: "Supersedes",
          superseded,
          then,
          text: `${it} supersedes ${list(superseded)}${whoWaits}; ${then.text}`
        }
      }
      case "Undecided": {
        const then = said.then === undefined || said.then === null ? undefined : yield* follows(said.then)
        const what = said.by === "before" ? "its before" : `the effect of its ${said.by}`
        return {
          _tag: "Undecided",
          by: said.by,
          then,
          text: `a worker has to run ${what} first${then === undefined ? "" : `; as it is now, ${then.text}`}`
        }
      }
      default:
        return plainlyOf(it, said)
    }
  })

/** What is said by itself. */
const plainlyOf = (
  it: string,
  said: Exclude<Explained, { readonly tag: "Achieved" | "Supersedes" | "Undecided" }>
): StoredExplanation => {
  switch (said.tag) {
    case "Runs":
      return { _tag: "Runs", text: `${it} begins as soon as a worker takes it` }
    case "Joins": {
      const joined = otherOf(said.other)
      return { _tag: "Joins", joined, text: `${it} joins ${joined.action}, which does the same` }
    }
    case "Superseded": {
      const by = otherOf(said.other)
      return {
        _tag: "Superseded",
        by,
        toldIn: said.toldIn ?? undefined,
        text: `${by.action}, which is newer, supersedes ${it}`
      }
    }
    case "Waits": {
      const pause = said.pause ? pauseOf(said.pause) : undefined
      const cancels = (said.cancels ?? []).map(otherOf)
      const places = said.places.map((place) => ({ ...place, performing: place.performing.map(otherOf) }))
      const since = dateOf(said.enqueuedAt)
      const parts = [
        ...places.map(placeText),
        ...said.sibling === undefined ? [] : [`for its elder sibling ${said.sibling}`],
        ...since === undefined ? [] : [`since ${since.toISOString()}`],
        ...cancels.length === 0 ? [] : [`${list(cancels)} is cancelled for it`],
        ...pause === undefined ? [] : [pauseText(pause)]
      ]
      return {
        _tag: "Waits",
        since,
        places,
        cancels,
        sibling: said.sibling,
        pause,
        text: `${it} waits: ${parts.join("; ")}`
      }
    }
    case "Unwinding": {
      const unwinding = said.others.map(otherOf)
      return { _tag: "Unwinding", unwinding, text: `${it} waits until ${list(unwinding)} is undone` }
    }
    case "Rejected": {
      const lane = said.cause.lane ?? ""
      const reason = said.cause.kind === "lane_full" ? "LaneFull" : "LaneBusy"
      return { _tag: "Rejected", reason, lane, text: `${it} is ${said.cause.message}` }
    }
    case "Deadlocks":
      return { _tag: "Deadlocks", cycle: said.cause.cycle ?? [], text: said.cause.message }
    case "Limited":
    case "Debounced": {
      const { lane, tag } = said
      const until = new Date(said.until)
      return { _tag: tag, lane, until, text: `${it} ${untilText(tag, lane, until.toISOString())}` }
    }
    case "Paused": {
      const pause = pauseOf(said.pause)
      return { _tag: "Paused", pause, text: `${it} does not begin: ${pauseText(pause)}` }
    }
    case "Delayed": {
      const until = new Date(said.until)
      return { _tag: "Delayed", until, text: `${it} is not to start before ${until.toISOString()}` }
    }
    case "Duplicate":
      return { _tag: "Duplicate", id: said.action, text: `${it} is enqueued already, as ${said.action}` }
    case "Performs": {
      const { since } = otherOf(said.other)
      return { _tag: "Performs", since, text: `${it} performs since ${since?.toISOString()}` }
    }
    case "Ended":
      return { _tag: "Ended", status: said.status, text: `${it} has ended: ${spoken(said.status)}` }
    case "Conflict":
      throw new Error("a conflict of names is an error")
  }
}
