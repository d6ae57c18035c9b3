/**
 * What the server said: the client's own errors say that a query failed, and keep that as the cause of their cause.
 */
import * as Formatter from "effect/Formatter"
import * as Predicate from "effect/Predicate"

/** An error and its causes, the innermost one last. */
const chain = (error: unknown): ReadonlyArray<unknown> => {
  const all = [error]
  for (let at = error; all.length < 11 && Predicate.hasProperty(at, "cause") && at.cause !== undefined;) {
    at = at.cause
    all.push(at)
  }
  return all
}

const messageOf = (error: unknown): string => {
  const message = Predicate.hasProperty(error, "message") ? String(error.message) : ""
  // of a name with several addresses each one's failure, under an error that has no words of its own
  return message === "" && error instanceof AggregateError
    ? [...new Set(error.errors.map(messageOf))].filter((text) => text !== "").join(", ")
    : message
}

/** The message of the innermost cause that has one. */
export const innermostMessage = (error: unknown): string =>
  chain(error).map(messageOf).findLast((text) => text !== "") ?? Formatter.format(error)

/** The code of the innermost cause that has one: the server's, such as `57P01`, or the network's, such as `ECONNREFUSED`. */
export const errorCode = (error: unknown): string | undefined =>
  chain(error).map((one) => Predicate.hasProperty(one, "code") ? one.code : undefined).findLast(Predicate.isString)

/** The server's error, wherever the client keeps it. */
export const serverError = (
  error: unknown
): { readonly code: string; readonly detail?: unknown; readonly constraint?: unknown } | undefined => {
  for (const at of chain(error)) {
    if (Predicate.hasProperty(at, "code") && typeof at.code === "string" && /^[0-9A-Z]{5}$/.test(at.code)) {
      return { ...at, code: at.code }
    }
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
