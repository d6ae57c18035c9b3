/** The engine of an API: what the command asks of it that is no list, and no verb for one. */
import { Clock, DateTime, Duration, Effect, Option, type Schema } from "effect"
import type { ActionHandle } from "../ActionHandle.ts"
import type { ActionRecord } from "../ActionRecord.ts"
import type { DatabaseHealth } from "../DatabaseHealth.ts"
import type { Engine, Finding } from "../Engine.ts"
import { filterOf } from "../engine/client/many.ts"
import { readOptions } from "../engine/invoke/options.ts"
import type { ManyPlan, ManySummary } from "../Many.ts"
import { EnqueueError, InvalidOption, UnknownAction } from "../SteppedError.ts"
import type { Why } from "../Why.ts"
import { type Failure, notServed, notThere, recordOf, told, toldOfOptions, toldOfStorage } from "./remoteAnswers.ts"
import { type Client, given, verbsOf } from "./remoteClient.ts"

/** What was refused of an action, which may be gone by then. */
const toldOf = (operation: string, id: string) => (error: Failure) =>
  error._tag === "NotFound" ? new UnknownAction({ actionId: id }) : toldOfOptions(operation)(error)

export const engineOf = (client: Client): Engine["Service"] =>
  notThere<Engine["Service"]>("Engine", {
    // who asks for something by the time that it is there leaves that out
    now: Clock.currentTimeMillis,
    why: (id) =>
      Effect.map(
        Effect.mapError(
          client.actions.why({ params: { id } }),
          (error: Failure) =>
            error._tag === "NotFound" ? new UnknownAction({ actionId: id }) : toldOfStorage("Stepped.why")(error)
        ),
        (found) => recordOf<Why>(found)
      ),
    databaseHealth: Effect.map(
      Effect.mapError(client.overview.database(), toldOfStorage("Stepped.databaseHealth")),
      (found) => recordOf<DatabaseHealth>(found)
    ),
    doctor: Effect.map(
      Effect.mapError(client.overview.doctor(), toldOfStorage("Stepped.doctor")),
      (found) => found.map((finding) => recordOf<Finding>(finding))
    ),
    forMany: (asked, verb, known) =>
      Effect.gen(function*() {
        const filter = given(yield* filterOf(asked))
        const { plan, samples, ...counted } = yield* Effect.mapError(
          client.many.plan({ payload: { filter, verb, ...given({ plan: known }) } }),
          told("Stepped.forMany")
        )
        return notThere<ManyPlan>("ManyPlan", {
          ...counted,
          id: plan.id,
          key: plan,
          verb,
          samples: samples.map((sample) => recordOf<ActionRecord>(sample)),
          start: ({ batch, rate, reason }) =>
            Effect.map(
              Effect.mapError(
                client.many.start({ payload: { plan, filter, verb, reason, ...given({ batch, rate }) } }),
                told("Stepped.forMany")
              ),
              ({ id }) => notThere<ActionHandle<ManySummary>>("ActionHandle", { id })
            )
        })
      }),
    enqueue: (ref, { name }, args, options = {}) =>
      Effect.gen(function*() {
        // the same errors as of a database, with the names of the options
        yield* readOptions(name, options, yield* Clock.currentTimeMillis)
        const { at, delay, id, idempotencyKey, priority, tags } = options
        return yield* client.telling.run({
          payload: {
            actorType: ref.type,
            actorId: String(ref.id),
            name,
            arguments: args as ReadonlyArray<Schema.Json>,
            ...given({ id, idempotencyKey, priority, tags }),
            ...at === undefined ? {} : { at: DateTime.isDateTime(at) ? DateTime.toDateUtc(at) : at },
            ...delay === undefined ? {} : { delayMs: Duration.toMillis(Duration.fromInputUnsafe(delay)) }
          }
        })
      }).pipe(
        Effect.mapBoth({
          onFailure: (error: Failure | InvalidOption) =>
            new EnqueueError({
              reason: error instanceof InvalidOption ? error : toldOfOptions("Stepped.enqueue")(error)
            }),
          onSuccess: ({ id }) => notThere<ActionHandle>("ActionHandle", { id })
        })
      ),
    send: ({ isFailure, options, signal, target, value }) =>
      typeof target !== "string" || isFailure
        ? Effect.fail(notServed("Stepped.send", isFailure ? "sending a failure" : "sending by actor and action"))
        : Effect.map(
          Effect.mapError(
            client.telling.signal({
              params: { id: target },
              payload: {
                name: signal.name,
                ...value === undefined ? {} : { payload: value as Schema.Json },
                // it is asked for there: who gives none is told so
                reason: options?.reason ?? "",
                ...given({ key: options?.key })
              }
            }),
            toldOf("Stepped.send", target)
          ),
          ({ outcome }) => outcome
        ),
    complete: (target, _action, outcome, options) =>
      typeof target !== "string"
        ? Effect.fail(notServed("Stepped.complete", "completing by actor and action"))
        : Effect.map(
          Effect.mapError(
            client.telling.complete({
              params: { id: target },
              payload: {
                outcome: outcome.status,
                // it is asked for there: who gives none is told so
                reason: options?.reason ?? "",
                ...given({ key: options?.key }),
                // false is a value, too
                ...outcome.status === "succeeded" && outcome.result !== undefined
                  ? { value: outcome.result as Schema.Json }
                  : outcome.status === "failed" && outcome.cause !== undefined
                  ? { value: outcome.cause as Schema.Json }
                  : {}
              }
            }),
            toldOf("Stepped.complete", target)
          ),
          ({ outcome }) => outcome === "done" ? Option.some(target) : Option.none()
        ),
    cancelById: (id, options = {}) =>
      Effect.flatMap(
        Effect.catchTag(
          verbsOf(client)("Stepped.cancel", { id, compensate: options.compensate ?? true }, options),
          "InvalidQuery",
          Effect.die
        ),
        ({ outcome }) =>
          outcome === "none" ? Effect.fail(new UnknownAction({ actionId: id })) : Effect.succeed(outcome === "done")
      )
  })
