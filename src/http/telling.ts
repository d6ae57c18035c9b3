/** Answers who has something run, sends a signal, or says how an action ended. */
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import type { ActionRepo } from "../ActionRepo.ts"
import type { EnqueueOptions } from "../EnqueueOptions.ts"
import type { OperatorVerb } from "../Operation.ts"
import { Outcome } from "../Outcome.ts"
import type { StorageError } from "../SteppedError.ts"
import { isAllowed, rolesText } from "../verbs/roles.ts"
import { makeTelling } from "../verbs/telling.ts"
import { Api } from "./Api.ts"
import { ask, Asking } from "./asking.ts"
import type { Denials } from "./denials.ts"
import { BadRequest, Conflict, Forbidden, NotFound, Unprocessable } from "./HttpError.ts"
import { Operator } from "./Operator.ts"
import { checkOrigin, Origins } from "./origin.ts"
import { checkRole } from "./verbs.ts"

interface Refusal {
  readonly _tag: string
  readonly message: string
}

/** What the library has refused, in the words of the API; what is the database's stays. */
const refusal = (error: Refusal | StorageError): BadRequest | Conflict | NotFound | Unprocessable => {
  const { message } = error
  switch (error._tag) {
    case "InvalidQuery":
      return new BadRequest({ message, field: "field" in error ? String(error.field) : undefined })
    case "UnknownAction":
      return new NotFound({ message })
    case "IdempotencyConflict":
    case "SignalConflict":
    case "CompletionConflict":
    case "NotStarted":
    case "SignalsFull":
      return new Conflict({ message })
    default:
      return new Unprocessable({ message })
  }
}

const isStorage = (error: Refusal | StorageError): error is StorageError => error._tag === "StorageError"

export const TellingLive = HttpApiBuilder.group(
  Api,
  "telling",
  Effect.fnUntraced(function*(handlers) {
    const asking = yield* Asking
    const origins = yield* Origins
    const telling = yield* makeTelling
    const services = yield* Effect.context<ActionRepo | Asking | Denials>()

    /** Enqueueing is no verb of an operator's: who may not is refused, and nothing is recorded of it. */
    const checkEnqueueing = Effect.gen(function*() {
      const { roles, subject } = yield* Operator
      if (isAllowed(roles, "operate")) return
      return yield* new Forbidden({ message: `this takes the role operate: ${subject} has ${rolesText(roles)}` })
    })
    /** Who may not is refused, and that is recorded. */
    const check = (verb: OperatorVerb, id: string, reason: string | undefined) =>
      Effect.provideContext(checkRole(verb, "operate", id, reason), services)

    /** For who may, from where one may; who that is stands in the record. */
    const tell = <A, E>(
      request: HttpServerRequest,
      checked: Effect.Effect<void, E, Operator>,
      telling: (by: string) => Effect.Effect<A, Refusal | StorageError>
    ) =>
      Effect.gen(function*() {
        yield* checkOrigin(origins, request)
        yield* checked
        const { subject } = yield* Operator
        // what is wrong is an answer, too: only what the database says goes through as an error
        const answer = yield* ask(
          asking,
          Effect.catch(
            Effect.map(telling(subject), (value) => ({ value })),
            (error) => isStorage(error) ? Effect.fail(error) : Effect.succeed({ refused: refusal(error) })
          )
        )
        return "refused" in answer ? yield* Effect.fail(answer.refused) : answer.value
      })

    return handlers.handleAll({
      run: ({ payload: { actorId, actorType, arguments: values, delayMs, name, ...given }, request }) => {
        // of two times the engine says that they are two
        const options = { ...given, ...delayMs === undefined ? {} : { delay: delayMs } } as EnqueueOptions
        return Effect.map(
          tell(request, checkEnqueueing, () =>
            Effect.catchTag(
              telling.run({ actorId, actorType, name }, values, options),
              "EnqueueError",
              ({ reason }) => Effect.fail(reason)
            )),
          (id) => ({ id })
        )
      },
      signal: ({ params: { id }, payload: { name, payload, ...options }, request }) =>
        Effect.map(
          tell(
            request,
            check("Stepped.send", id, options.reason),
            (by) => telling.signal(id, name, payload ?? null, { ...options, by })
          ),
          (outcome) => ({ outcome })
        ),
      complete: ({ params: { id }, payload: { outcome, value, ...options }, request }) => {
        const ended = outcome === "succeeded"
          ? Outcome.succeeded(value ?? null)
          : outcome === "failed"
          ? Outcome.failed(value)
          : outcome === "cancelled"
          ? Outcome.cancelled
          : Outcome.timedOut
        return Effect.map(
          tell(
            request,
            check("Stepped.complete", id, options.reason),
            (by) => telling.complete(id, ended, { ...options, by })
          ),
          (done) => ({ outcome: done ? "done" as const : "none" as const })
        )
      }
    })
  })
)
