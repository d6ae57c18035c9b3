/**
 * What the server said: the client's own errors say that a query failed, and keep that as the cause of their cause.
 */
import * as Formatter from "effect/Formatter"
import * as Predicate from "effect/Predicate"

/** The message of the innermost cause that has one. */
export const innermostMessage = (error: unknown): string => {
  let text = Predicate.hasProperty(error, "message") ? String(error.message) : Formatter.format(error)
  let at = error
  for (let depth = 0; depth < 10 && Predicate.hasProperty(at, "cause") && at.cause !== undefined; depth++) {
    at = at.cause
    if (Predicate.hasProperty(at, "message") && at.message !== "") text = String(at.message)
  }
  return text
}
