/** What would become of an action: of one that is stored, and of one that is not enqueued yet. Only its program can say it. */
import { Effect, Result } from "effect"
import { Argument, Command } from "effect/cli"
import { codecOf } from "../domain/Codec.ts"
import { idTextOf } from "../domain/IdText.ts"
import { isActionId } from "../domain/Phase.ts"
import { Engine } from "../Engine.ts"
import { explain as explainAction } from "../Explanation.ts"
import { withEngine, withProgram } from "./connection.ts"
import { noAction, usage } from "./failures.ts"
import { actorOf, json } from "./given.ts"
import { doesNotStart, load, module } from "./module.ts"
import { Output } from "./Output.ts"

const what = {
  target: Argument.String("target").pipe(
    Argument.withDescription("The id of an action; or an actor, Car/1, of one that is not enqueued")
  ),
  rest: Argument.String("action").pipe(
    Argument.withDescription("Behind an actor: the action's name, and its arguments, each as JSON"),
    Argument.variadic()
  )
}

/** What a program has of an actor's action, with its arguments as they are given to it. */
const invoked = (given: string, [name, ...args]: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const engine = yield* Engine
    const { actorId, actorType } = actorOf(given)
    if (actorId === undefined || name === undefined) {
      return yield* usage(
        `${given} is neither the id of an action nor an actor with an action, such as Car/1 visit '"London"'`
      )
    }
    const defined = engine.definitionOf(actorType, name)
    if (defined === undefined) return yield* usage(`the program has no ${actorType}/${name}`)
    const { action, actor } = defined
    const id = Result.try(() => idTextOf(actor.idSchema).read(actorId))
    if (Result.isFailure(id)) {
      return yield* usage(`${given} does not fit the id of ${actorType}: ${messageOf(id.failure)}`)
    }
    const schemas = action.arguments
    if (args.length !== schemas.length) {
      return yield* usage(
        `${name} takes ${schemas.length} argument${schemas.length === 1 ? "" : "s"}, not ${args.length}`
      )
    }
    const values = yield* Effect.forEach(args, (text, i) =>
      Effect.flatMap(json(text, `argument ${i + 1}`), (value) =>
        Effect.mapError(
          codecOf(schemas[i]!).decode(value),
          (error) =>
            usage(`argument ${i + 1} does not fit: ${messageOf(error)}`)
        )))
    return { ref: actor.ref(id.success), action, values }
  })

const messageOf = (error: unknown): string => error instanceof Error ? error.message : String(error)

/** Asks the program that is there. */
const explained = (target: string, rest: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const output = yield* Output
    if (isActionId(target) && rest.length === 0) {
      const stored = yield* Effect.catchTag(explainAction(target), "UnknownAction", () => noAction(target))
      return yield* output.value(stored, stored.text)
    }
    const { action, ref, values } = yield* invoked(target, rest)
    const engine = yield* Engine
    const explanation = yield* engine.explain(ref, action, values)
    yield* output.value(explanation, explanation.text)
  })

const explain = Command.make("explain", { module, ...what }, ({ module, rest, target }) =>
  Effect.gen(function*() {
    const app = yield* load(module)
    yield* Effect.mapError(withProgram(app, explained(target, rest)), doesNotStart(module))
  })).pipe(
    Command.withDescription(
      "Say what would become of a stored action if a worker of this module took it now, or of one that is not enqueued: explain app.js Car/1 visit '\"London\"'"
    )
  )

/** The same of a program that runs, where it is typed. */
export const explainRunning = Command.make(
  "explain",
  what,
  ({ rest, target }) => withEngine(explained(target, rest))
).pipe(
  Command.withDescription(
    "Say what would become of a stored action if this program took it now, or of one that is not enqueued: explain Car/1 visit '\"London\"'"
  )
)

export const explainCommands = [explain] as const
