/** Verbs for many over HTTP: a plan first, and then the same plan is started. */
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Schema from "effect/Schema"
import type { ActionRepo } from "../ActionRepo.ts"
import { Engine } from "../Engine.ts"
import { operatorVerbs } from "../Operation.ts"
import { type EnqueueError, InvalidQuery, type StorageError } from "../SteppedError.ts"
import { isAllowed } from "../verbs/roles.ts"
import { verbTable } from "../verbs/table.ts"
import { Api } from "./Api.ts"
import { ask, Asking } from "./asking.ts"
import type { Denials } from "./denials.ts"
import { Conflict } from "./HttpError.ts"
import { Operator } from "./Operator.ts"
import { checkOrigin, Origins } from "./origin.ts"
import { checkRole, roleForMany } from "./verbs.ts"
import { summaryOf } from "./views.ts"

const takes = (fields: Schema.Struct.Fields): Readonly<Record<string, unknown>> => {
  const { definitions, schema } = Schema.toJsonSchemaDocument(Schema.Struct(fields))
  return Object.keys(definitions).length === 0 ? schema : { ...schema, $defs: definitions }
}

export const ManyLive = HttpApiBuilder.group(
  Api,
  "many",
  Effect.fnUntraced(function*(handlers) {
    const asking = yield* Asking
    const engine = yield* Engine
    const origins = yield* Origins
    const services = yield* Effect.context<ActionRepo | Asking | Denials>()

    // an actor that cannot be read is none of what comes as text
    const planned = (...args: Parameters<typeof engine.forMany>) =>
      Effect.catchTag(
        engine.forMany(...args),
        "InvalidActorId",
        ({ message }) => new InvalidQuery({ field: "actor of Stepped.forMany", value: "given", takes: message })
      )

    return handlers.handleAll({
      verbs: () =>
        Effect.map(Operator, ({ roles }) =>
          operatorVerbs.map((verb) => {
            const { command, description, fields, many, of, role } = verbTable[verb]
            return {
              verb,
              command,
              description,
              role,
              of,
              many,
              isAllowed: isAllowed(roles, role),
              takes: takes(fields)
            }
          })),
      plan: Effect.fnUntraced(function*({ payload: { filter, plan: of, verb }, request }) {
        yield* checkOrigin(origins, request)
        const { mayReadPayloads } = yield* Operator
        const plan = yield* ask(asking, planned(filter, verb, of))
        return {
          plan: plan.key,
          count: plan.count,
          hasMore: plan.hasMore,
          groups: plan.groups,
          samples: plan.samples.map((sample) => summaryOf(sample, mayReadPayloads))
        }
      }),
      start: Effect.fnUntraced(function*({ payload: { batch, filter, plan: of, rate, reason, verb }, request }) {
        yield* checkOrigin(origins, request)
        const { subject } = yield* Operator
        yield* Effect.provideContext(checkRole(verb.verb, roleForMany(verb.verb, filter), of.id, reason), services)
        const plan = yield* ask(asking, planned(filter, verb, of))
        const started = yield* ask(asking, Effect.catch(plan.start({ by: subject, reason, rate, batch }), refused))
        return started instanceof Conflict ? yield* started : { id: started.id }
      })
    })
  })
)

/**
 * What is asked for is an argument of the engine's own action, which has limits of its own, and the plan may have been started with something else: that is an answer. What the database says goes
 * through as an error, as that of any other question does.
 */
const refused = (
  error: EnqueueError | InvalidQuery | StorageError
): Effect.Effect<Conflict, InvalidQuery | StorageError> => {
  if (error._tag !== "EnqueueError") return Effect.fail(error)
  const { message, reason } = error
  if (reason._tag === "StorageError") return Effect.fail(reason)
  return reason._tag === "IdempotencyConflict"
    ? Effect.succeed(new Conflict({ message }))
    : Effect.fail(new InvalidQuery({ field: "plan of Stepped.forMany", value: "given", takes: `less: ${message}` }))
}
