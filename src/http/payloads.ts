/** What of a stored payload is sent: nothing to who may not read it, nothing that nobody has described, and nothing that is secret by any version of its definition. */
import * as Cache from "effect/Cache"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type { FailureCause, Heartbeat, StepResultRecord } from "../ActionRecord.ts"
import type { DefinitionDescription, SchemaDescription } from "../Catalogue.ts"
import { ownActor } from "../domain/reserved.ts"
import { JobQueue } from "../JobQueue.ts"
import type { StorageError } from "../SteppedError.ts"
import { openCause, otherwise } from "./messages.ts"
import type { FailureView, HeartbeatView, Payload } from "./models/payloads.ts"

type Path = ReadonlyArray<string>
type Json = Extract<Payload, { readonly _tag: "Shown" }>["value"]

const redacted = "<redacted>"

/**
 * The value without what is at these places. Where a place is looked for in something that has none, as of another version, that is taken for
 * secret as a whole.
 */
const without = (value: unknown, paths: ReadonlyArray<Path>): unknown => {
  if (paths.length === 0 || value === null || value === undefined) return value
  if (paths.some((path) => path.length === 0)) return redacted
  const below = (key: string): ReadonlyArray<Path> =>
    paths.flatMap(([first, ...rest]) => first === key || first === "*" ? [rest] : [])
  if (Array.isArray(value)) return value.map((item, i) => without(item, below(String(i))))
  if (Predicate.isReadonlyObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, without(item, below(key))]))
  }
  return redacted
}

const hidden = (because: Extract<Payload, { readonly _tag: "Hidden" }>["because"]): Payload => ({
  _tag: "Hidden",
  because
})

/** As it is. */
const shown = (value: unknown): Payload => ({ _tag: "Shown", value: value as Json, isRedacted: false })

/** What is shown of a value whose schema is one of these. */
const payloadOf = (value: unknown, schemas: ReadonlyArray<SchemaDescription>): Payload =>
  shownWithout(value, schemas.flatMap((schema) => schema.redacted), schemas.length > 0)

const shownWithout = (value: unknown, paths: ReadonlyArray<Path>, isKnown: boolean): Payload => {
  if (!isKnown) return hidden("unknown")
  if (paths.some((path) => path.length === 0)) return hidden("secret")
  const rest = without(value, paths)
  // what is read of a jsonb column
  return { _tag: "Shown", value: rest as Json, isRedacted: JSON.stringify(rest) !== JSON.stringify(value) }
}

/** What there is to say of the payloads of an action. */
export interface Shows {
  readonly arguments: (value: unknown) => Payload
  readonly result: (value: unknown) => Payload
  readonly stepResult: (step: StepResultRecord) => Payload
  /** What a step, or somebody outside, has said of itself: JSON without a schema, that is there to be read. */
  readonly said: (value: unknown) => Payload
  readonly signal: (name: string, value: unknown) => Payload
  readonly signalError: (name: string, value: unknown) => Payload
  readonly heartbeat: (heartbeat: Heartbeat) => HeartbeatView
  readonly error: (value: unknown) => Payload
}

const nothing: Shows = (() => {
  const none = () => hidden("notAllowed")
  return {
    arguments: none,
    result: none,
    stepResult: none,
    said: none,
    signal: none,
    signalError: none,
    error: none,
    heartbeat: (heartbeat) => heartbeatOf(heartbeat, none)
  }
})()

const heartbeatOf = ({ details, heardAt, silentAt }: Heartbeat, said: (value: unknown) => Payload): HeartbeatView => ({
  heardAt,
  silentAt,
  details: details === undefined || details === null ? undefined : said(details)
})

const showsOf = (versions: ReadonlyArray<DefinitionDescription>): Shows => {
  const said = (value: unknown) => shownWithout(value, [], versions.length > 0)
  const signals = (name: string) => versions.flatMap(({ signals }) => signals.filter((signal) => signal.name === name))
  return {
    arguments: (value) => {
      // what no version takes nobody has described
      const most = Math.max(0, ...versions.map(({ arguments: args }) => args.length))
      const isKnown = versions.length > 0 && Array.isArray(value) && value.length <= most
      const paths = versions.flatMap(({ arguments: args }) =>
        args.flatMap(({ redacted }, i) => redacted.map((path) => [String(i), ...path]))
      )
      return shownWithout(value, paths, isKnown)
    },
    result: (value) => payloadOf(value, versions.map(({ success }) => success)),
    stepResult: ({ isLeftOut, isOfOthers, name, result }) => {
      if (isLeftOut) return hidden("large")
      const steps = versions.flatMap(({ steps }) => steps.filter((step) => step.name === name))
      // what has no schema is JSON that is there to be read, but for what others have given, which may have one
      const described = steps.flatMap((step) => step.result ?? [])
      const isKnown = steps.length > 0 && (described.length === steps.length || !isOfOthers)
      return shownWithout(result, described.flatMap(({ redacted }) => redacted), isKnown)
    },
    error: (value) => payloadOf(value, versions.map(({ error }) => error)),
    said,
    signal: (name, value) => payloadOf(value, signals(name).map(({ payload }) => payload)),
    signalError: (name, value) => payloadOf(value, signals(name).map(({ error }) => error)),
    heartbeat: (heartbeat) => heartbeatOf(heartbeat, said)
  }
}

/** How far the engine's own action is, and what it has come to, are counts and ids of actions: nothing of what programs have stored. */
const ownShows = (shows: Shows): Shows => ({ ...shows, result: shown, said: shown })

interface Definition {
  readonly actorType: string
  readonly name: string
}

/** Versions of a definition that are looked at: where there are more, nobody knows what is secret by one of them. */
const versionsMost = 100

/** Says of definitions what may be shown of their payloads, by what workers have said of them. */
export interface Payloads {
  readonly of: (definition: Definition, mayRead: boolean) => Effect.Effect<Shows, StorageError>
  readonly failure: (
    cause: FailureCause,
    of: Definition,
    mayRead: boolean
  ) => Effect.Effect<FailureView, StorageError>
}

export const makePayloads: Effect.Effect<Payloads, never, JobQueue> = Effect.gen(function*() {
  const queue = yield* JobQueue
  // a version that workers have had for some seconds is in the catalogue; one that is looked for in vain is looked for again soon
  const versions = yield* Cache.make({
    capacity: 1000,
    timeToLive: "5 seconds",
    lookup: (key: string) => {
      const [actorType = "", name = ""] = JSON.parse(key) as ReadonlyArray<string>
      return Effect.map(
        Effect.catchTag(queue.definitions({ actorType, name, limit: versionsMost + 1 }), "InvalidQuery", Effect.die),
        (found) => found.length > versionsMost ? [] : found.map(({ description }) => description)
      )
    }
  })
  const ofAny: Payloads["of"] = ({ actorType, name }, mayRead) =>
    mayRead
      ? Effect.map(Cache.get(versions, JSON.stringify([actorType, name])), showsOf)
      : Effect.succeed(nothing)
  const of: Payloads["of"] = (definition, mayRead) =>
    definition.actorType === ownActor
      ? Effect.map(ofAny(definition, mayRead), ownShows)
      : ofAny(definition, mayRead)
  /** Whose error it is: the action's own, a descendant's, or nobody's that is known. */
  const declaring = ({ declaredBy, own }: FailureCause, definition: Definition): Definition | undefined =>
    declaredBy !== undefined
      ? { actorType: declaredBy.actor.split("/")[0]!, name: declaredBy.action }
      : own === true
      ? definition
      : undefined
  return {
    of,
    failure: (cause, definition, mayRead) =>
      Effect.gen(function*() {
        const { details, error, pretty, ...rest } = mayRead ? cause : openCause(cause)
        const declared = declaring(cause, definition)
        const unknown = mayRead ? hidden("unknown") : hidden("notAllowed")
        return {
          ...rest,
          ...mayRead ? otherwise(cause) : {},
          error: error === undefined
            ? undefined
            : declared === undefined
            ? unknown
            : (yield* of(declared, mayRead)).error(error),
          details: details === undefined ? undefined : (yield* of(definition, mayRead)).said(details),
          pretty
        }
      })
  }
})
