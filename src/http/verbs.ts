/** Has verbs done for whoever may, and records whom it has not let (rule 21.3). */
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { ActionRepo } from "../ActionRepo.ts"
import { ownActor } from "../domain/reserved.ts"
import { type OperatorVerb, operatorVerbs } from "../Operation.ts"
import { textOf } from "../verbs/answers.ts"
import { makeVerbs, targetOf } from "../verbs/asking.ts"
import { isAllowed, rolesText } from "../verbs/roles.ts"
import { type Inputs, type OneVerb, type Role, verbTable } from "../verbs/table.ts"
import { Api, verbsOfOne } from "./Api.ts"
import { ask, askAll, Asking } from "./asking.ts"
import { Denials } from "./denials.ts"
import { Forbidden } from "./HttpError.ts"
import { Operator } from "./Operator.ts"
import { checkOrigin, Origins } from "./origin.ts"

/** Refuses whoever may not, and records that, as far as that is recorded of one person. */
export const checkRole = (
  verb: OperatorVerb,
  needed: Role,
  target: string,
  reason: string | undefined,
  asked: string = verb
) =>
  Effect.gen(function*() {
    const { roles, subject } = yield* Operator
    if (isAllowed(roles, needed)) return
    const asking = yield* Asking
    const denials = yield* Denials
    const repo = yield* ActionRepo
    if (denials.isRecorded(subject)) yield* ask(asking, repo.recordDenied({ verb, target, by: subject, reason }))
    return yield* new Forbidden({ message: `${asked} takes the role ${needed}: ${subject} has ${rolesText(roles)}` })
  })

/** What an action of the engine's own asks of many, as far as that says who may. */
const OwnArguments = Schema.Tuple([
  Schema.Struct({
    verb: Schema.Struct({ verb: Schema.Literals(operatorVerbs) }),
    filter: Schema.Struct({ actorType: Schema.optional(Schema.String) })
  })
])

const readOwn = Schema.decodeUnknownOption(OwnArguments)

/**
 * The role that a verb for many takes: its own one. One for the engine's own actions, which are meant only where they are named, may have any of them go on, and so an admin's, too: it is an admin's
 * but where it stops them.
 */
export const roleForMany = (verb: OperatorVerb, filter: { readonly actorType?: string | undefined }): Role =>
  filter.actorType === ownActor && verb !== "Stepped.cancel" ? "admin" : verbTable[verb].role

/**
 * Refuses whoever may not have an action of the engine's own go on: what that has begun takes the role that it takes to begin it. To stop it takes that of stopping.
 */
const checkOwn = (verb: OperatorVerb, id: string, reason: string) =>
  Effect.gen(function*() {
    const { roles } = yield* Operator
    if (verbTable[verb].of !== "action" || verb === "Stepped.cancel" || isAllowed(roles, "admin")) return
    const asking = yield* Asking
    const repo = yield* ActionRepo
    const found = Option.getOrUndefined(yield* ask(asking, repo.find(id)))
    if (found?.actorType !== ownActor) return
    const needed = Option.match(readOwn(found.arguments), {
      onNone: (): Role => "admin",
      onSome: ([{ filter, verb }]) => roleForMany(verb.verb, filter)
    })
    yield* checkRole(verb, needed, id, reason, `${verb} of ${found.actorId} for many`)
  })

/** As JSON has it, which has nothing that is not there. */
const jsonOf = (more: Readonly<Record<string, unknown>>): Readonly<Record<string, Schema.Json>> =>
  JSON.parse(JSON.stringify(more))

export const VerbsLive = HttpApiBuilder.group(
  Api,
  "verbs",
  Effect.fnUntraced(function*(handlers) {
    const asking = yield* Asking
    const origins = yield* Origins
    const services = yield* Effect.context<ActionRepo | Asking | Denials>()
    const askVerb = yield* makeVerbs

    const handler = <V extends OneVerb>(verb: V) =>
      Effect.fnUntraced(function*({ payload, request }: {
        readonly payload: Inputs[V] & { readonly reason: string }
        readonly request: HttpServerRequest
      }) {
        yield* checkOrigin(origins, request)
        const { reason } = payload
        const { subject } = yield* Operator
        const target = targetOf(verb, payload)
        const checked = Effect.andThen(
          checkRole(verb, verbTable[verb].role, target, reason),
          checkOwn(verb, target, reason)
        )
        yield* Effect.provideContext(checked, services)
        const asked = askVerb(verb, payload, { by: subject, reason })
        const answer = yield* verb === "ActionRepo.forget" ? askAll(asked) : ask(asking, asked)
        return { verb, target, outcome: answer.outcome, text: textOf(answer), more: jsonOf(answer.more ?? {}) }
      })

    // one for each entry of the table: of which names that has, `fromEntries` knows nothing
    const all = Object.fromEntries(verbsOfOne.map((verb) => [verb, handler(verb)])) as {
      readonly [V in OneVerb]: ReturnType<typeof handler<V>>
    }
    return handlers.handleAll(all)
  })
)
