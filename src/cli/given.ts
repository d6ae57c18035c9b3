/** What is given to the command: ids, times, actors, JSON, and who asks why. */
import { Clock, Duration, Effect, Option, Schema, Stdio } from "effect"
import { Argument, CliError, Flag, Prompt } from "effect/cli"
import { hostname, userInfo } from "node:os"
import { firstRounded } from "../domain/exact.ts"
import { isActionId, statuses } from "../domain/Phase.ts"
import { RunningProgram } from "./connection.ts"
import { usage } from "./failures.ts"

export const ActionId = Schema.String.pipe(
  Schema.check(Schema.makeFilter((text: string) =>
    isActionId(text) ||
    `the id of an action, such as 0199c2f0-…${
      text.includes("/") ? `; those of an actor are listed by \`ls --actor ${text}\`` : ""
    }`
  ))
)

/** The id of an action. */
export const id = Argument.String("id").pipe(
  Argument.withDescription("The id of an action"),
  Argument.withSchema(ActionId)
)

/** The id of an action, where something else may stand for it. */
export const optionalId = Argument.optional(id)

/** What is given behind an id, or by itself where something else stands for that: read by whoever knows which of them it is. */
export const behindId = (name: string, description: string) => ({
  id: Argument.String("id").pipe(
    Argument.withDescription(`The id of an action; with --where there is none, and the ${name} alone`),
    Argument.optional
  ),
  value: Argument.String(name).pipe(Argument.withDescription(description), Argument.optional)
})

const isDate = /^\d{4}-\d\d-\d\d/

/** A time that is given as a date. */
export const readDate = (text: string): Date | undefined => {
  const at = isDate.test(text) ? new Date(text) : undefined
  return at === undefined || Number.isNaN(at.getTime()) ? undefined : at
}

/** A time that is given as a date, or as how long ago it was. */
export const readTime = (text: string, now: number): Date | undefined => {
  if (isDate.test(text)) return readDate(text)
  const ago = Option.filter(
    Option.map(Duration.fromInput(text as Duration.Input), Duration.toMillis),
    (millis) => millis >= 0 && Number.isFinite(millis)
  )
  return Option.isSome(ago) ? new Date(now - ago.value) : undefined
}

/** A time: a date, or how long ago. */
export const time = (name: string, description: string) =>
  Flag.String(name).pipe(
    Flag.withDescription(`${description}: a time such as 2026-05-01T12:00:00Z, or how long ago: "2 hours"`),
    Flag.withMetavar("time"),
    Flag.mapEffect((text) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const at = readTime(text, now)
        const expected = "a time such as 2026-05-01T12:00:00Z, or how long ago: \"2 hours\""
        return at === undefined
          ? Effect.fail(new CliError.InvalidValue({ option: name, value: text, expected, kind: "flag" }))
          : Effect.succeed(at)
      })
    ),
    Flag.optional
  )

/** How many rows. */
export const limit = Flag.Int("limit").pipe(
  Flag.withDescription("At most so many: 100 if not given, 10,000 at most"),
  Flag.withDefault(100)
)

/** `Car`, or `Car/1`: an actor's type, and its id. */
export interface GivenActor {
  readonly actorType: string
  readonly actorId: string | undefined
}

export const actorOf = (text: string): GivenActor => {
  const slash = text.indexOf("/")
  return slash < 0
    ? { actorType: text, actorId: undefined }
    : { actorType: text.slice(0, slash), actorId: text.slice(slash + 1) }
}

type Status = (typeof statuses)[number] | "queued"

const isStatus = (text: string): text is Status => text === "queued" || statuses.some((status) => status === text)

/** Statuses, with something between them. */
export const readStatuses = (text: string, between: string): ReadonlyArray<Status> | undefined => {
  const words = text.split(between)
  return words.every(isStatus) ? words : undefined
}

/** Which actions. */
export const filter = {
  actor: Flag.String("actor").pipe(
    Flag.withDescription("Of an actor, Car/1, or of all of a type, Car"),
    Flag.optional
  ),
  action: Flag.String("action").pipe(Flag.withDescription("Of this name"), Flag.optional),
  status: Flag.String("status").pipe(
    Flag.withDescription(`One or more of queued, ${statuses.join(", ")}, with commas between them`),
    Flag.filterMap(
      (text) => Option.fromUndefinedOr(readStatuses(text, ",")),
      () => `queued, ${statuses.join(", ")}, with commas between them`
    ),
    Flag.optional
  ),
  tag: Flag.String("tag").pipe(Flag.withDescription("Enqueued with this text among its tags"), Flag.optional),
  failure: Flag.String("failure").pipe(
    Flag.withDescription("Of this group of failures, as `errors` has it"),
    Flag.optional
  ),
  parent: Flag.String("parent").pipe(
    Flag.withDescription("What this action's steps wait for"),
    Flag.withSchema(ActionId),
    Flag.optional
  ),
  roots: Flag.Boolean("roots").pipe(Flag.withDescription("Without a parent"), Flag.withDefault(false)),
  held: Flag.Boolean("held").pipe(
    Flag.withDescription("Of which a step is held until somebody decides"),
    Flag.withDefault(false)
  ),
  toResume: Flag.Boolean("to-resume").pipe(
    Flag.withDescription("Executions that have failed, and are suspended: resume-execution goes on with them"),
    Flag.withDefault(false)
  ),
  notUndone: Flag.Boolean("not-undone").pipe(
    Flag.withDescription("Of which something could not be undone: compensate-again tries it once more"),
    Flag.withDefault(false)
  ),
  callbacksFailed: Flag.Boolean("callbacks-failed").pipe(
    Flag.withDescription("Of which a callback has failed for good: nothing runs it again"),
    Flag.withDefault(false)
  ),
  since: time("since", "Enqueued since"),
  before: time("before", "Enqueued before")
}

/** JSON, as it is given at the command line; none of whose numbers would be stored as another one. */
export const json = (text: string, what: string) =>
  Effect.gen(function*() {
    const value = yield* Effect.try({
      try: (): Schema.Json => JSON.parse(text),
      catch: () => usage(`${what} is no JSON: ${text.slice(0, 100)}. A text is given as '"London"'`)
    })
    const rounded = firstRounded(text)
    return rounded === undefined ? value : yield* usage(
      `${what} has the number ${
        rounded.slice(0, 100)
      }, which is beyond 2^53 and would be rounded: where its schema takes a text, give that`
    )
  })

export const reason = Flag.String("reason").pipe(
  Flag.withDescription("Why, for the record; asked for where it is not given"),
  Flag.optional
)

export const by = Flag.String("by").pipe(
  Flag.withDescription("Who does it, for the record: user@host if not given"),
  Flag.optional
)

export interface Asks {
  readonly reason: string
  readonly by: string
}

/** Who asks, and why: a person at a terminal is asked for what is missing; of a program that is being written nobody needs to know. */
export const operator = (given: { readonly reason: Option.Option<string>; readonly by: Option.Option<string> }) =>
  Effect.gen(function*() {
    const isPerson = yield* (yield* Stdio.Stdio).stdinIsTerminal
    const reason = Option.isSome(given.reason)
      ? given.reason.value
      : Option.isSome(yield* Effect.serviceOption(RunningProgram))
      ? "typed into stepped dev"
      : isPerson
      ? yield* Prompt.run(Prompt.String({ message: "Why? It is recorded" }))
      : yield* usage("why? It is recorded: give --reason")
    return { reason, by: Option.getOrElse(given.by, () => `${userInfo().username}@${hostname()}`) }
  })
