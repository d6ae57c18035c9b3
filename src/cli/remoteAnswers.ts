/** What an API answers, as the library has it: its errors, and its records. */
import { Effect } from "effect"
import { HttpClientError } from "effect/http"
import { InvalidOption, InvalidQuery, StorageError } from "../SteppedError.ts"

/** An error of the client's. */
export type Failure = { readonly _tag: string; readonly message?: string }

/** What is wrong with what was given: the API has said so, or its client, which sends nothing that the API does not know. */
const isOfGiven = ({ _tag }: Failure): boolean =>
  ["BadRequest", "Unprocessable", "Conflict", "SchemaError"].includes(_tag)

/** Whether the same may be answered a little later: the API says so, or something between that and here does, or the connection is lost. */
const isAway = (error: Failure): boolean =>
  "isRetryable" in error
    ? error.isRetryable === true
    : error._tag === "QueryTimedOut" ||
      (HttpClientError.isHttpClientError(error) &&
        (error.reason._tag === "TransportError" || (error.response?.status ?? 0) >= 500))

/** What the API has answered, as the library says it. */
export const told = (operation: string) => (error: Failure): StorageError | InvalidQuery =>
  isOfGiven(error)
    ? new InvalidQuery({ field: operation, value: "given", takes: error.message ?? error._tag })
    : toldOfStorage(operation)(error)

/** What was given to a verb and refused, in the words of who has refused it. */
class Refused extends InvalidOption {
  override get message(): string {
    return this.takes
  }
}

/** The same where what is wrong with what was given is an option that is. */
export const toldOfOptions = (operation: string) => (error: Failure): StorageError | InvalidOption =>
  isOfGiven(error)
    ? new Refused({ option: operation, value: "given", takes: error.message ?? error._tag })
    : toldOfStorage(operation)(error)

/** The same where nothing that is given can be wrong. */
export const toldOfStorage = (operation: string) => (error: Failure): StorageError =>
  new StorageError({
    operation,
    isRetryable: isAway(error),
    cause: new Error(`${error._tag}: ${error.message ?? "no answer"}`)
  })

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !(value instanceof Date)

/** A payload as it is stored, as far as it is shown. */
const plain = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(plain)
  if (!isObject(value)) return value
  if (value["_tag"] === "Shown" && "isRedacted" in value) return value["value"]
  if (value["_tag"] === "Hidden") return `<hidden: ${String(value["because"])}>`
  return Object.fromEntries(Object.entries(value).map(([key, below]) => [key, plain(below)]))
}

/**
 * A record of what is sent of it: the models of the API are the records, but for payloads, and for keys that are left out of what is brief. A test holds that the command prints the same of both.
 */
export const recordOf = <A>(view: unknown): A => plain(view) as A

/** Why something cannot be asked over HTTP. */
export const notServed = (operation: string, what = "this"): StorageError =>
  new StorageError({
    operation,
    isRetryable: false,
    cause: new Error(
      `${what} is not served over HTTP: give the database (DATABASE_URL, --url) in place of STEPPED_URL`
    )
  })

/** What cannot be asked over HTTP says so. */
export const notThere = <A extends object>(service: string, has: Partial<A>): A =>
  new Proxy(has, {
    get: (target, name) => Reflect.get(target, name) ?? (() => Effect.fail(notServed(`${service}.${String(name)}`)))
  }) as A
