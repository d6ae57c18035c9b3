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

/** The server's error, wherever the client keeps it. */
export const serverError = (
  error: unknown
): { readonly code: string; readonly detail?: unknown; readonly constraint?: unknown } | undefined => {
  let at: unknown = error
  for (let depth = 0; depth < 10 && Predicate.isObject(at); depth++) {
    if (Predicate.hasProperty(at, "code") && typeof at.code === "string" && /^[0-9A-Z]{5}$/.test(at.code)) {
      return { ...at, code: at.code }
    }
    at = Predicate.hasProperty(at, "cause") ? at.cause : undefined
  }
  return undefined
}

/** What to do about what the server said, where that says nothing of it. */
export const adviceFor = (error: unknown): string | undefined => {
  const said = serverError(error)
  switch (said?.code) {
    case "42501":
      return "the role of the PgClient needs usage on the schema, and select, insert, update and delete on its tables"
    case "23505":
      return said.constraint === "workers_pkey" || said.constraint === "jobs_pkey"
        ? "its sequence is behind its rows, as after logical replication: Stepped.migrate sets it"
        : undefined
    default:
      return undefined
  }
}
