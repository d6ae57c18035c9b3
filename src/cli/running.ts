/** Commands that have something performed: enqueueing an action, and a worker of a program's module. */
import { Deferred, Duration, Effect, Layer, Logger, Option, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { undeclaredAction } from "../Action.ts"
import { Actor } from "../Actor.ts"
import { withOptions } from "../Client.ts"
import { ownActor } from "../domain/reserved.ts"
import { engineLayer } from "../engine/engineLayer.ts"
import type { EnqueueOptions } from "../EnqueueOptions.ts"
import { worker as workerLayer } from "../Stepped.ts"
import { taking } from "../verbs/inUse.ts"
import { checked, checkedId, described } from "./checked.ts"
import { databaseOf, Json, schemaOf, withEngine } from "./connection.ts"
import { type Stopped, usage } from "./failures.ts"
import { actorOf, json, readDate } from "./given.ts"
import { doesNotStart, load, module } from "./module.ts"
import { Output } from "./Output.ts"
import { untilTerminated } from "./stopping.ts"

/** An actor whose id is the text that is stored of it, whatever its program makes of that. */
const actorNamed = (type: string) => Actor<unknown>()(type, { id: Schema.String })

export const run = Command.make("run", {
  actor: Argument.String("actor").pipe(Argument.withDescription("Car/1: the type of an actor, and its id")),
  action: Argument.String("action").pipe(Argument.withDescription("The action's name")),
  args: Argument.String("argument").pipe(
    Argument.withDescription("Its arguments, each as JSON"),
    Argument.variadic()
  ),
  priority: Flag.Int("priority").pipe(
    Flag.withDescription("From -100, which comes first, to 100"),
    Flag.withDefault(0)
  ),
  delay: Flag.String("delay").pipe(Flag.withDescription("When it is to start: in \"2 hours\""), Flag.optional),
  at: Flag.String("at").pipe(
    Flag.withDescription("When it is to start, in place of --delay: 2026-05-01T12:00:00Z; one that has passed is now"),
    Flag.optional
  ),
  id: Flag.String("id").pipe(
    Flag.withDescription("The action's id, a UUIDv7 of your own: under it, too, the action is enqueued once"),
    Flag.optional
  ),
  key: Flag.String("key").pipe(
    Flag.withDescription("An idempotency key: under it, the action is enqueued once"),
    Flag.optional
  ),
  tag: Flag.String("tag").pipe(
    Flag.withDescription("Texts that it is found by, with commas between them"),
    Flag.optional
  )
}, (given) =>
  withEngine(Effect.gen(function*() {
    const output = yield* Output
    const { actorId: text, actorType } = actorOf(given.actor)
    if (text === undefined) return yield* usage(`which ${actorType}? Give its id, too: ${actorType}/1`)
    if (actorType === ownActor) {
      return yield* usage(
        `${ownActor} has the engine's own actions: \`cancel --where\`, and what else takes --where, has them done`
      )
    }
    const versions = yield* described({ actorType, name: given.action })
    // what is no JSON is said of its place, below
    const readable = yield* Effect.option(Effect.forEach(given.args, (text) => json(text, "an argument")))
    const description = Option.isNone(readable) ? versions[0] : yield* taking(versions, readable.value)
    if (description === undefined) {
      return yield* usage(
        `no worker has said that it has ${actorType}/${given.action}: \`definitions\` lists what they have`
      )
    }
    const actorId = yield* checkedId(actorType, text, description)
    const { arguments: schemas, queue: inQueue, steps } = description
    if (steps.some(({ kind }) => kind === "replayed")) {
      return yield* usage(
        `${actorType} stands for a workflow: its program executes it, under the id that its payload has`
      )
    }
    if (schemas.length !== given.args.length) {
      return yield* usage(
        `${given.action} takes ${schemas.length} argument${schemas.length === 1 ? "" : "s"}, not ${given.args.length}`
      )
    }
    const values = yield* Effect.forEach(given.args, (text, i) =>
      Effect.tap(json(text, `argument ${i + 1}`), (value) =>
        checked(`argument ${i + 1}`, value, [schemas[i]])))
    // what it joins and is achieved by only its own definition can say: a key that takes an effect is left to the worker
    const action = undeclaredAction(given.action, {
      arguments: schemas.map(() =>
        Schema.Json
      ),
      queue: inQueue,
      concurrencyKey: () => Effect.succeed("")
    })
    const handle = yield* withOptions(yield* enqueueOptions(given)).enqueue(
      actorNamed(actorType).ref(actorId),
      action,
      ...values
    )
    yield* output.value({ id: handle.id, actorType, actorId, name: given.action }, handle.id)
  }))).pipe(Command.withDescription("Enqueue an action, checked by what workers have said that they take"))

/** How it is enqueued; what of it is out of its limits the engine refuses, as for a program. */
const enqueueOptions = (given: {
  readonly priority: number
  readonly delay: Option.Option<string>
  readonly at: Option.Option<string>
  readonly id: Option.Option<string>
  readonly key: Option.Option<string>
  readonly tag: Option.Option<string>
}): Effect.Effect<EnqueueOptions, Stopped> => {
  const options = {
    priority: given.priority,
    ...Option.isSome(given.tag) ? { tags: given.tag.value.split(",").map((tag) => tag.trim()) } : {},
    ...Option.isSome(given.id) ? { id: given.id.value } : {},
    ...Option.isSome(given.key) ? { idempotencyKey: given.key.value } : {}
  }
  if (Option.isSome(given.at)) {
    const at = readDate(given.at.value)
    if (Option.isSome(given.delay)) return usage("--at or --delay: it starts once")
    return at === undefined
      ? usage(`--at: ${JSON.stringify(given.at.value)} is no time, such as 2026-05-01T12:00:00Z`)
      : Effect.succeed({ ...options, at })
  }
  if (Option.isNone(given.delay)) return Effect.succeed(options)
  const delay = Duration.fromInput(given.delay.value as Duration.Input)
  return Option.isNone(delay)
    ? usage(`--delay: ${JSON.stringify(given.delay.value)} is no duration, such as "2 hours"`)
    : Effect.succeed({ ...options, delay: delay.value })
}

const worker = Command.make("worker", {
  module,
  concurrency: Flag.Int("concurrency").pipe(
    Flag.withDescription("How many bodies run at a time: 32 if not given"),
    Flag.withDefault(32)
  ),
  queues: Flag.String("queues").pipe(
    Flag.withDescription("The queues to take from, with commas between them; all of its actions' queues, if not given"),
    Flag.optional
  ),
  name: Flag.String("name").pipe(Flag.withDescription("What it is called in logs and lists"), Flag.optional),
  migrate: Flag.Boolean("migrate").pipe(
    Flag.withDescription("Create or update the tables first"),
    Flag.withDefault(false)
  )
}, (given) =>
  Effect.gen(function*() {
    const app = yield* load(given.module)
    const options = { ...app.options, schema: yield* schemaOf(app) }
    const drained = yield* Deferred.make<void>()
    const live = workerLayer({
      concurrency: given.concurrency,
      onDrained: Effect.asVoid(Deferred.succeed(drained, undefined)),
      ...Option.isSome(given.queues) ? { queues: given.queues.value.split(",").map((queue) => queue.trim()) } : {},
      ...Option.isSome(given.name) ? { name: given.name.value } : {}
    }).pipe(
      Layer.provide(app.actions),
      Layer.provideMerge(engineLayer(options, false, given.migrate)),
      Layer.provideMerge(yield* databaseOf(app, "performs"))
    )
    return yield* Effect.mapError(
      Effect.raceFirst(Layer.launch(live), Deferred.await(drained)),
      doesNotStart(given.module)
    ).pipe(Effect.provide((yield* Json) ? Logger.layer([Logger.consoleJson]) : Layer.empty))
  }).pipe(untilTerminated)).pipe(
    Command.withDescription("Perform the actions of a module, until it is told to stop, or drained")
  )

export const runningCommands = [run, worker] as const
