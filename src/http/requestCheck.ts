/**
 * Refuses whoever may not even look, and says what is wrong with a request that does not fit its schema: a field, or a parameter, that is not known, too.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { HttpApiSchemaError } from "effect/http-api/HttpApiError"
import { ParsedSearchParams } from "effect/http/HttpServerRequest"
import * as Layer from "effect/Layer"
import type * as SchemaIssue from "effect/SchemaIssue"
import type { unhandled } from "effect/Types"
import { BadRequest, Forbidden } from "./HttpError.ts"
import { AsksForRole, Operator, RequestCheck } from "./Operator.ts"

interface Unknown {
  readonly path: ReadonlyArray<PropertyKey>
  readonly takes: ReadonlyArray<string>
}

/** The first field that is not known, and those that are. */
const unknownIn = (issue: SchemaIssue.Issue, path: ReadonlyArray<PropertyKey> = []): Unknown | undefined => {
  switch (issue._tag) {
    case "UnexpectedKey":
      return issue.ast._tag === "Objects"
        ? { path, takes: issue.ast.propertySignatures.map(({ name }) => String(name)) }
        : undefined
    case "Pointer":
      return unknownIn(issue.issue, [...path, ...issue.path])
    case "Filter":
    case "Encoding":
      return unknownIn(issue.issue, path)
    case "Composite":
    case "AnyOf": {
      const all = issue.issues.flatMap((one) => unknownIn(one, path) ?? [])
      // what one of several shapes does not take another one may
      const isTaken = ({ path }: Unknown) => all.some(({ takes }) => takes.includes(String(path.at(-1))))
      return all.find((one) => !isTaken(one)) ?? all[0]
    }
    default:
      return undefined
  }
}

/** Names come from who asks, and may be long. */
const shown = (key: PropertyKey): string => String(key).slice(0, 100)

const refusalOf = (kind: string, { path, takes }: Unknown): BadRequest => {
  const at = path.map((key) => `[${JSON.stringify(shown(key))}]`).join("")
  const known = takes.length === 0 ? "nothing is taken here" : `what is taken is ${takes.join(", ")}`
  return new BadRequest({ message: `${kind}: nothing is known at ${at}: ${known}`, field: path.map(shown).join(".") })
}

export const RequestCheckLive = Layer.succeed(
  RequestCheck,
  RequestCheck.of((response, { endpoint, group }) =>
    Effect.gen(function*() {
      const { roles, subject } = yield* Operator
      const asksForRole = Context.get(Context.merge(group.annotations, endpoint.annotations), AsksForRole)
      if (roles.length === 0 && !asksForRole) {
        return yield* new Forbidden({ message: `${subject} has no role: view, operate or admin` })
      }
      if (endpoint.query === undefined) {
        // of an endpoint that takes no query the library reads none
        const [first] = Object.keys(yield* ParsedSearchParams)
        if (first !== undefined) return yield* refusalOf("query", { path: [first], takes: [] })
      }
      return yield* Effect.catch(response, (error): Effect.Effect<never, BadRequest | unhandled> => {
        if (!HttpApiSchemaError.is(error)) return Effect.fail(error)
        // what is answered is the API's own
        if (error.kind === "Body" || error.kind === "ResponseHeaders") return Effect.die(error.cause)
        const kind = error.kind.toLowerCase()
        const unknown = unknownIn(error.cause.issue)
        return Effect.fail(
          unknown === undefined
            ? new BadRequest({ message: `${kind}: ${error.cause.message}`, field: kind })
            : refusalOf(kind, unknown)
        )
      })
    })
  )
)
