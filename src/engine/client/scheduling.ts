/** What comes by the clock: schedules, as its program declares them, what fires where somebody asks for that, and the verbs; and what is due next. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Engine } from "../../Engine.ts"
import type { DefinitionError } from "../../SteppedError.ts"
import { log } from "../log.ts"
import { declare } from "../schedules/declaring.ts"
import { fireableOf, firePass } from "../schedules/firing.ts"
import { readSchedule } from "../schedules/given.ts"
import type { ClientContext } from "./context.ts"
import * as Verbs from "./schedules.ts"

export const make = (
  engine: ClientContext,
  defining: (add: () => () => void) => Effect.Effect<void, DefinitionError, Scope.Scope>
): Pick<Engine["Service"], "declareSchedule" | "fireSchedules" | "nextDue" | "schedules"> => {
  const { now, registry, settings, store, wakeups } = engine
  return {
    schedules: Verbs.make(engine),
    nextDue: store.nextDue,
    declareSchedule: (name, options) =>
      Effect.flatMap(
        Effect.flatMap(now, (at) => readSchedule(name, options, "code", settings, at)),
        (schedule) => defining(() => registry.declare(schedule))
      ),
    fireSchedules: Effect.gen(function*() {
      const at = yield* now
      const declared = registry.schedules()
      if (declared.length > 0 && (yield* store.undeclaredSchedules(declared))) {
        yield* declare(store, log, undefined, declared, at)
      }
      const of = fireableOf(registry)
      const { enqueued, moved } = yield* firePass({ ...engine, log }, of, at)
      if (enqueued > 0) wakeups.queued()
      return { moved, next: (yield* store.nextDueWith(of)).schedule }
    })
  }
}
