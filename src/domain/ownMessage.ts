/** What of a stored failure's message is the error's own, and not made of its fields: by what is stored beside it. */
import * as Predicate from "effect/Predicate"
import { type FailureCause, noError } from "./Failure.ts"

/** Of a tagged error's message: what it says itself stands behind its tag and a colon; fields stand behind a space. */
export const ownOfTag = (tag: string, message: string): string =>
  message.startsWith(`${tag}: `) || message === `${tag}, encrypted` ? message : tag

/** Of a cause; or what stands in its place where all of the message is made of the error. */
export const ownMessage = (
  { error, message }: Pick<FailureCause, "error" | "message">,
  instead: string = noError
): string => {
  if (Predicate.isReadonlyObject(error)) {
    const { _tag: tag, message: own } = error
    return typeof tag === "string" ? ownOfTag(tag, message) : own === message ? message : instead
  }
  // one that is a text is what it says; where none is stored, the message has none of it
  return typeof error === "string" || error === undefined ? message : instead
}
