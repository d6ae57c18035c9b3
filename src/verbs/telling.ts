/**
 * What is told to actions by who does not have their program: that one is to run, a signal, how one ended outside. It is checked by what workers have said that they take.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { undeclaredAction } from "../Action.ts"
import { ActionRepo } from "../ActionRepo.ts"
import { Actor } from "../Actor.ts"
import type { SchemaDescription } from "../Catalogue.ts"
import { ownActor } from "../domain/reserved.ts"
import { Engine } from "../Engine.ts"
import type { EnqueueOptions } from "../EnqueueOptions.ts"
import { JobQueue } from "../JobQueue.ts"
import type { CompletionOptions, CompletionOutcome } from "../Outcome.ts"
import { type SendOptions, signal as defineSignal } from "../Signal.ts"
import { InvalidQuery, UnknownAction } from "../SteppedError.ts"
import { misfitOfAll } from "./fitting.ts"
import { inUse, namesOf, signalsOf, taking } from "./inUse.ts"

/** An actor whose id is the text that is stored of it, whatever its program makes of that. */
export const actorNamed = (type: string) => Actor<unknown>()(type, { id: Schema.String })

const refuse = (field: string, value: string, takes: string) => Effect.fail(new InvalidQuery({ field, value, takes }))

const check = (field: string, value: Schema.Json, descriptions: ReadonlyArray<SchemaDescription | undefined>) =>
  Effect.flatMap(
    misfitOfAll(value, descriptions),
    (wrong) => wrong === undefined ? Effect.void : refuse(field, typeof value, `what is described: ${wrong}`)
  )

/** What a name can be is said where it is made a definition. */
const named = <A>(field: string, name: string, make: () => A) =>
  Effect.try({
    try: make,
    catch: (error) => new InvalidQuery({ field, value: JSON.stringify(name.slice(0, 100)), takes: String(error) })
  })

/** What there is to tell, over the services. */
export const makeTelling = Effect.gen(function*() {
  const engine = yield* Engine
  const queue = yield* JobQueue
  const repo = yield* ActionRepo

  const found = (id: string) =>
    Effect.flatMap(
      repo.find(id),
      (record) =>
        Option.isSome(record) ? Effect.succeed(record.value) : Effect.fail(new UnknownAction({ actionId: id }))
    )

  return {
    /** Enqueues an action; gives its id. */
    run: (
      of: { readonly actorType: string; readonly actorId: string; readonly name: string },
      values: ReadonlyArray<Schema.Json>,
      options: EnqueueOptions
    ) =>
      Effect.gen(function*() {
        const { actorId, actorType, name } = of
        if (actorType === ownActor) return yield* refuse("actorType", actorType, "an actor of the program's")
        const description = yield* taking(yield* inUse(queue, { actorType, name }), values)
        if (description === undefined) {
          return yield* refuse("name", `${actorType}/${name}`, "an action that a worker has said that it has")
        }
        const { arguments: schemas, queue: inQueue, steps } = description
        if (steps.some(({ kind }) => kind === "replayed")) {
          return yield* refuse("name", `${actorType}/${name}`, "no execution of a workflow: its program executes it")
        }
        if (schemas.length !== values.length) {
          return yield* refuse("arguments", `${values.length} of them`, `${schemas.length}`)
        }
        yield* Effect.forEach(values, (value, i) => check(`argument ${i + 1}`, value, [schemas[i]]))
        // what it joins and is achieved by only its own definition can say: a key that takes an effect is left to the worker
        const action = yield* named("name", name, () =>
          undeclaredAction(name, {
            arguments: schemas.map(() => Schema.Json),
            queue: inQueue,
            concurrencyKey: () => Effect.succeed("")
          }))
        const actor = yield* named("actorType", actorType, () => actorNamed(actorType))
        return (yield* engine.enqueue(actor.ref(actorId), action, values, options)).id
      }),
    /** Sends a signal: `sent`, `repeated`, or `none`. Who sends it is recorded. */
    signal: (id: string, name: string, payload: Schema.Json, options: SendOptions & { readonly by: string }) =>
      Effect.gen(function*() {
        const action = yield* found(id)
        const versions = yield* inUse(queue, action)
        const known = signalsOf(versions).filter((signal) => signal.name === name)
        if (versions.length > 0 && known.length === 0) {
          const names = namesOf(signalsOf(versions))
          return yield* refuse(
            "name",
            JSON.stringify(name.slice(0, 100)),
            names === "" ? "none: it takes no signals" : names
          )
        }
        yield* check("payload", payload, known.map(({ payload }) => payload))
        const signal = yield* named("name", name, () => defineSignal(name, { payload: Schema.Json }))
        return yield* engine.send({ target: id, action: undefined, signal, value: payload, isFailure: false, options })
      }),
    /** Says how an action ended that somebody outside performs; gives whether it waited for that. Who says so is recorded. */
    complete: (
      id: string,
      outcome: CompletionOutcome<Schema.Json, Schema.Json>,
      options: CompletionOptions & { readonly by: string }
    ) =>
      Effect.gen(function*() {
        const { actorType, name } = yield* found(id)
        const versions = yield* inUse(queue, { actorType, name })
        if (outcome.status === "succeeded") {
          yield* check("value", outcome.result, versions.map(({ success }) => success))
        }
        if (outcome.status === "failed" && outcome.cause !== undefined) {
          yield* check("value", outcome.cause, versions.map(({ error }) => error))
        }
        const action = undeclaredAction(name, { success: Schema.Json, error: Schema.Json, outbound: true })
        return Option.isSome(yield* engine.complete(id, action, outcome, options))
      })
  }
})
