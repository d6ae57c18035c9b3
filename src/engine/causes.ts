/**
 * Failures as data: what is stored when an action does not succeed, and how it reads.
 *
 * Nothing here fails on what it is given: texts are made storable, errors that do not encode are described.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type { PlainSchema } from "../Actor.ts"
import { codecOf, fits, tidyText } from "../domain/Codec.ts"
import type { ActionStatus } from "../domain/Phase.ts"
import { innermostMessage } from "../sql/innermostMessage.ts"
import { ActionFailed, ResultsTooLarge } from "../SteppedError.ts"
import type { SettledSlot } from "../store/Answer.ts"
import type { StoredCause } from "../store/Conclusion.ts"

const arrow = " › "

/** `visit Car/1`. */
export const actionText = (key: string, actorId: string): string => {
  const [type, name] = key.split("/")
  return `${name} ${type}/${actorId}`
}

/** Anything can be thrown, also what cannot be looked at: a getter or a proxy that throws in its turn. */
const readable = (text: () => string): string => {
  try {
    return text()
  } catch {
    return "an error that cannot be read"
  }
}

/** An error in a few words: its message, or its tag and fields. */
export const errorText = (error: unknown): string => readable(() => textOf(error))

const textOf = (error: unknown): string => {
  if (Predicate.hasProperty(error, "_tag") && typeof error._tag === "string") {
    const message = error._tag === "SqlError" ? innermostMessage(error) : error instanceof Error ? error.message : ""
    if (message !== "") return tidyText(`${error._tag}: ${message}`, 2000)
    const fields = Object.entries(error)
      .filter(([key]) => key !== "_tag" && key !== "name" && key !== "stack" && key !== "message" && key !== "cause")
      .map(([key, value]) => `${key} ${typeof value === "string" ? value : safeJson(value)}`)
    return tidyText([error._tag, ...fields.length === 0 ? [] : [fields.join(", ")]].join(" "), 2000)
  }
  if (error instanceof Error) return tidyText(error.message === "" ? error.name : error.message, 2000)
  return tidyText(typeof error === "string" ? error : safeJson(error), 2000)
}

const safeJson = (value: unknown): string => {
  try {
    return JSON.stringify(value, (_key, inner) => typeof inner === "bigint" ? inner.toString() : inner) ?? String(value)
  } catch {
    return String(value)
  }
}

/** The place in an action's tree: the step shows unless it was generated. */
export const placeOf = (action: string, step: string | undefined): string =>
  step === undefined ? action : `${action}${arrow}${step}`

/** Stores a body's cause: typed failures with their schema, everything else by its text. */
export const fromCause = (
  cause: Cause.Cause<unknown>,
  options: { readonly place: string; readonly error: PlainSchema; readonly limit: number }
): Effect.Effect<StoredCause> =>
  Effect.gen(function*() {
    const failure = cause.reasons.find(Cause.isFailReason)
    const pretty = readable(() => tidyText(Cause.pretty(cause)))
    if (failure === undefined) {
      const defect = cause.reasons.find(Cause.isDieReason)
      return {
        kind: "defect" as const,
        path: options.place,
        message: defect === undefined ? "interrupted itself" : errorText(defect.defect),
        pretty
      }
    }
    const encoded = yield* Effect.option(codecOf(options.error).encode(failure.error))
    const text = encoded._tag === "Some" ? JSON.stringify(encoded.value) : undefined
    const own = text !== undefined && encoded._tag === "Some" && fits(encoded.value, text, options.limit)
    return {
      kind: "failure" as const,
      path: options.place,
      message: errorText(failure.error),
      ...own
        ? { error: encoded.value, own: true }
        : failure.error instanceof ResultsTooLarge
        ? { error: { ...failure.error } }
        : {},
      pretty
    }
  })

/** The cause of a parent that failed because of a child. */
export const fromSlot = (place: string, slot: SettledSlot): StoredCause => {
  const { actorId, cause, definition, status } = slot
  return {
    kind: "child",
    path: tidyText(`${place}${arrow}${cause?.path ?? actionText(definition, actorId)}`),
    message: cause?.message ?? (status === "failed" || status === undefined ? "a callback failed" : words(status)),
    ...cause?.error === undefined ? {} : { error: cause.error }
  }
}

const words = (status: string): string => status.replaceAll("_", " ")

/** The whole line: `visit Car/1 › move › changeLocation Car/1: NoParking at London`. */
export const line = (cause: Partial<StoredCause> | null, action: string, status: ActionStatus): string =>
  `${cause?.path ?? action}: ${cause?.message ?? words(status)}`

/** A stored failure as whoever waits gets it: the action's own typed error, or `ActionFailed` with the path. */
export const errorOf = (
  of: { readonly key: string; readonly definition: { readonly error: PlainSchema } },
  id: string,
  actorId: string,
  cause: StoredCause | null
): Effect.Effect<unknown> => {
  const [type, name] = of.key.split("/") as [string, string]
  const other = new ActionFailed({
    action: name,
    actor: `${type}/${actorId}`,
    actionId: id,
    path: line(cause, actionText(of.key, actorId), "failed"),
    cause: cause?.error ?? cause
  })
  return cause?.own === true
    ? Effect.catchCause(codecOf(of.definition.error).decode(cause.error), () => Effect.succeed(other))
    : Effect.succeed(other)
}
