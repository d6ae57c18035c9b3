/** What a test asks of actions that are undone, and that survive the death of their worker. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { ActionHandle } from "../ActionHandle.ts"
import type { StepRecord } from "../ActionRecord.ts"
import { ActionRepo } from "../ActionRepo.ts"
import { InvalidOption, type StorageError } from "../SteppedError.ts"
import { PlannedCrash } from "./crashing.ts"

/**
 * An expectation about what was undone does not hold, or the worker has not died where it was to.
 *
 * @category errors
 * @since 0.1.0
 */
export class SagaExpectation extends Schema.TaggedError<SagaExpectation>("stepped/testing/SagaExpectation")(
  "SagaExpectation",
  { message: Schema.String }
) {}

/**
 * Lets the worker that performs in this effect die after the body of a step, before anything of its end is stored: the worst moment. Whoever performs next
 * takes over, as another process would.
 *
 * **Details**
 *
 * The body runs again, so that a test sees whether what it does to others is done once all the same. `times` is how often the worker dies there, 1 if not given; each
 * is an attempt of the action (`attempts` of the layer). Fails with a {@link SagaExpectation} where it has not died as often. A step without a name has its number for one.
 *
 * **Gotchas**
 *
 * It is about what the effect itself performs, as {@link performSteppedActions} and `…Now` do. What a transactional step does commits with its end: there is no such moment.
 *
 * **Example** (A checkout that survives)
 *
 * ```ts
 * import { crashAfter, performSteppedActions } from "stepped/testing"
 *
 * const survives = performSteppedActions().pipe(crashAfter("charge"))
 * ```
 *
 * @category performing
 * @since 0.1.0
 */
export const crashAfter = (step: string, { times = 1 }: { readonly times?: number } = {}) =>
<A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E | SagaExpectation, R> =>
  Effect.suspend(() => {
    if (!Number.isSafeInteger(times) || times < 1) {
      throw new InvalidOption({
        option: "times of crashAfter",
        value: String(times),
        takes: "a whole number from 1 on"
      })
    }
    const crash = { step, left: times }
    return Effect.flatMap(Effect.provideService(effect, PlannedCrash, crash), (value) =>
      crash.left === 0 ? Effect.succeed(value) : Effect.fail(
        new SagaExpectation({
          message:
            `the worker was to die ${
              times === 1 ? "" : `${times} times `
            }after the step ${step}, whose body has ended ` +
            `${times - crash.left} times in what this effect performs, outside of transactions`
        })
      ))
  })

/**
 * Fails unless an action has ended, and just these of its steps were undone, in this order, each with success. Without steps nothing was undone.
 * It fails, too, where the cause names a step as uncertain: one that has failed, and has a `compensate`, but no `compensateFailed` (rule 10.3). No list of steps
 * holds there: it is not known what is left. Give the step a `compensateFailed`; one that fails leaves nothing uncertain then, and is listed as what was undone.
 *
 * @category expectations
 * @since 0.1.0
 */
export const assertCompensated = (
  { id }: Pick<ActionHandle<unknown, unknown>, "id">,
  steps: ReadonlyArray<string>
): Effect.Effect<void, SagaExpectation | StorageError, ActionRepo> =>
  Effect.gen(function*() {
    const repo = yield* ActionRepo
    const record = Option.getOrUndefined(yield* repo.find(id))
    const fail = (message: string) => Effect.fail(new SagaExpectation({ message }))
    if (record === undefined) return yield* fail(`there is no action ${id}`)
    const all = yield* repo.steps(id)
    const undone = all.filter(({ undoes }) => undoes !== undefined)
    const { notUndone = [], uncertain = [] } = record.unwound ?? record.cause ?? {}
    const is = [...undone.map(line), ...uncertain.map((name) => `${name}: uncertain`)]
    const action = `${record.name} ${record.actorType}/${record.actorId}`
    const listing = is.length === 0 ? "nothing was undone" : `undone: ${is.join(", ")}`
    if (record.endedAt === undefined) return yield* fail(`${action} has not ended; so far ${listing}`)
    const succeeded = undone.filter(({ status }) => status === "succeeded").map(({ name }) => name)
    const isAsExpected = notUndone.length === 0 && uncertain.length === 0 &&
      succeeded.length === steps.length && succeeded.every((name, i) => name === steps[i])
    if (isAsExpected) return
    const wanted = steps.length === 0
      ? "nothing was to be undone"
      : `${steps.join(", ")} were to be undone, in this order`
    const advice = uncertain.length === 0
      ? ""
      : `. With an uncertain step no list holds: give ${
        uncertain.join(", ")
      } a compensateFailed, which undoes what may have been done`
    return yield* fail(`${action}: ${wanted}; ${listing}${advice}`)
  })

const line = ({ name, status }: StepRecord): string => `${name}: ${status}`
