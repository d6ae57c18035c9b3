/** What programs do, too, is recorded where somebody is named for it. */
import * as Effect from "effect/Effect"
import type { OperatorOptions, OperatorVerb } from "../../Operation.ts"
import { InvalidOption } from "../../SteppedError.ts"
import { operationIfNamed } from "../../store/asked.ts"
import type { NewOperation } from "../../store/Records.ts"

/** The operation to record, with the transition that does it; `target` is what is asked for, which of a name the transition knows better. */
export const namedFor = (
  now: Effect.Effect<number>,
  verb: OperatorVerb,
  target: string,
  options: OperatorOptions | undefined
): Effect.Effect<NewOperation | undefined, InvalidOption> =>
  Effect.mapError(
    operationIfNamed(now, verb, target, options ?? {}),
    ({ field, takes, value }) => new InvalidOption({ option: field, value, takes })
  )
