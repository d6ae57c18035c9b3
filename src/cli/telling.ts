/** Commands that tell an action what it waits for: a signal, or how it ended. */
import { Effect, Option, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { undeclaredAction } from "../Action.ts"
import { ActionRepo } from "../ActionRepo.ts"
import { complete as completeAction } from "../Client.ts"
import { Outcome } from "../Outcome.ts"
import { send } from "../Send.ts"
import { signal as defineSignal } from "../Signal.ts"
import { namesOf, signalsOf } from "../verbs/inUse.ts"
import { checked, described } from "./checked.ts"
import { withEngine } from "./connection.ts"
import { noAction, nothing, usage } from "./failures.ts"
import { by, id, json, operator, reason } from "./given.ts"
import { Output } from "./Output.ts"

const found = (id: string) =>
  Effect.flatMap(
    Effect.flatMap(ActionRepo, (repo) => repo.find(id)),
    Option.match({
      onNone: () => noAction(id),
      onSome: Effect.succeed
    })
  )

const signal = Command.make("signal", {
  id,
  signal: Argument.String("signal").pipe(Argument.withDescription("The signal's name")),
  payload: Argument.String("payload").pipe(
    Argument.withDescription("JSON, as the signal's schema has it; left out where it has none"),
    Argument.optional
  ),
  key: Flag.String("key").pipe(
    Flag.withDescription("What makes it the same when it is sent again"),
    Flag.optional
  ),
  reason,
  by
}, ({ id, key, payload, signal: name, ...given }) =>
  withEngine(Effect.gen(function*() {
    const output = yield* Output
    const action = yield* found(id)
    const versions = yield* described(action)
    const known = signalsOf(versions).filter((signal) => signal.name === name)
    if (versions.length > 0 && known.length === 0) {
      const names = namesOf(signalsOf(versions))
      return yield* usage(
        names === ""
          ? `${action.name} takes no signals`
          : `${action.name} takes no signal ${name}, but ${names}`
      )
    }
    const value = Option.isSome(payload) ? yield* json(payload.value, "the payload") : null
    yield* checked("the payload", value, known.map(({ payload }) => payload))
    const definition = yield* Effect.try({
      try: () => defineSignal(name, { payload: Schema.Json }),
      catch: (error) => usage(String(error))
    })
    const outcome = yield* send(id, definition, value, {
      ...yield* operator(given),
      ...Option.isSome(key) ? { key: key.value } : {}
    })
    yield* output.value({ verb: "Stepped.send", target: id, outcome }, sentWords[outcome])
    if (outcome === "none") return yield* nothing()
  }))).pipe(Command.withDescription("Send an action a signal"))

const sentWords = {
  sent: "sent",
  repeated: "it was sent before with this key, and counts once",
  none: "nothing was sent: the action is over, or takes no such signal"
}

const complete = Command.make("complete", {
  id,
  result: Argument.String("result").pipe(
    Argument.withDescription("JSON, as the action's success is stored; left out where it has none"),
    Argument.optional
  ),
  error: Flag.String("error").pipe(
    Flag.withDescription("JSON of the action's error, with which it fails"),
    Flag.optional
  ),
  failed: Flag.Boolean("failed").pipe(Flag.withDescription("It has failed, without an error"), Flag.withDefault(false)),
  cancelled: Flag.Boolean("cancelled").pipe(Flag.withDescription("It was cancelled"), Flag.withDefault(false)),
  timedOut: Flag.Boolean("timed-out").pipe(Flag.withDescription("Its time is over"), Flag.withDefault(false)),
  key: Flag.String("key").pipe(
    Flag.withDescription("What makes it the same when it is completed again"),
    Flag.optional
  ),
  reason,
  by
}, (given) =>
  withEngine(Effect.gen(function*() {
    const output = yield* Output
    const { id } = given
    const action = yield* found(id)
    const outcome = yield* outcomeOf(given)
    const versions = yield* described(action)
    if (outcome.status === "succeeded") {
      yield* checked("the result", outcome.result ?? null, versions.map(({ success }) => success))
    }
    if (outcome.status === "failed" && "cause" in outcome) {
      yield* checked("the error", outcome.cause, versions.map(({ error }) => error))
    }
    const definition = undeclaredAction(action.name, { success: Schema.Json, error: Schema.Json, outbound: true })
    const ended = yield* completeAction(id, definition, outcome, {
      ...yield* operator(given),
      ...Option.isSome(given.key) ? { key: given.key.value } : {}
    })
    yield* output.value(
      { verb: "Stepped.complete", target: id, outcome: Option.isSome(ended) ? "done" : "none" },
      Option.isSome(ended) ? "done" : "nothing was changed: it does not wait to be completed from outside"
    )
    if (Option.isNone(ended)) return yield* nothing()
  }))).pipe(Command.withDescription("Say how an action ended that somebody outside performs"))

const outcomeOf = (given: {
  readonly result: Option.Option<string>
  readonly error: Option.Option<string>
  readonly failed: boolean
  readonly cancelled: boolean
  readonly timedOut: boolean
}) =>
  Effect.gen(function*() {
    const ways = [
      Option.isSome(given.result),
      Option.isSome(given.error),
      given.failed,
      given.cancelled,
      given.timedOut
    ]
    if (ways.filter(Boolean).length > 1) {
      return yield* usage("a result, --error, --failed, --cancelled and --timed-out exclude each other")
    }
    if (Option.isSome(given.error)) {
      return Outcome.failed(yield* json(given.error.value, "--error"))
    }
    if (given.failed) return Outcome.failed()
    if (given.cancelled) return Outcome.cancelled
    if (given.timedOut) return Outcome.timedOut
    const result = Option.isSome(given.result) ? yield* json(given.result.value, "the result") : null
    return Outcome.succeeded(result)
  })

export const tellingCommands = [signal, complete] as const
