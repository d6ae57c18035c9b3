/** The engine's own action that asks for a verb on many actions, one after the other (rule 18.4). */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { undeclaredAction } from "../../Action.ts"
import { engineActor } from "../../Actor.ts"
import { ownActor, ownQueue } from "../../domain/reserved.ts"
import { ManyAsked, ManySummarySchema } from "../../Many.ts"
import { Step } from "../../Step.ts"
import type { StorageError } from "../../SteppedError.ts"

export type Asked = typeof ManyAsked.Type

/** What it does, with the engine that it is registered with. */
export class Asking extends Context.Service<Asking, {
  readonly ask: (
    asked: Asked,
    progress: (progress: Schema.Json) => Effect.Effect<void>
  ) => Effect.Effect<typeof ManySummarySchema.Type, StorageError>
}>()("stepped/Asking") {}

/** Its id is the verb, for who looks at lists. */
export class Operator extends engineActor<Operator>()(ownActor, { id: Schema.String }) {}

export const forMany = undeclaredAction("forMany", {
  arguments: [ManyAsked],
  success: ManySummarySchema,
  queue: ownQueue,
  // none waits for another one: what is asked of one action at the same moment its own fence decides
  concurrencyKey: ({ id }) => `forMany/${id}`
}).step("ask", (asked) =>
  Effect.gen(function*() {
    const { ask } = yield* Asking
    const step = yield* Step
    return yield* ask(asked, step.progress)
  }))
