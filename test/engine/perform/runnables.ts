/** Registry as `decide` sees them, made of what it looks at. */
import { Context, Effect, Schema } from "effect"
import { Stepped } from "stepped"
import type { AfterStatus, StepKind } from "stepped"
import { Flag } from "../../../src/domain/Phase.ts"
import { Registry } from "../../../src/engine/Registry.ts"
import type { Runnable, RunnableStep } from "../../../src/engine/Runnable.ts"
import type { StepPolicy } from "../../../src/StepPolicy.ts"

export class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}

export const ref = Car.ref(1)

const [registered] = (() => {
  const definitions = new Registry()
  const move = Stepped.action("move")
  definitions.register({
    actor: Car,
    actions: [move],
    methods: { move: () => Effect.void },
    context: Context.empty()
  })
  return definitions.all()
})()

const body = { run: () => Effect.void, context: Context.empty() }

const step = (kind: StepKind, name: string, policy?: StepPolicy): RunnableStep => ({
  name,
  kind,
  of: "Car/move",
  transactional: false,
  result: undefined,
  policy,
  body
})

/** A definition; one without steps is performed by a method, or by its job. */
export const runnable = (given: {
  readonly steps?: ReadonlyArray<string>
  /** Of the step with this index. */
  readonly policyOf?: (index: number) => StepPolicy | undefined
  readonly outbound?: boolean
  readonly job?: boolean
  readonly callbacks?: ReadonlyArray<ReadonlyArray<AfterStatus>>
}): Runnable => {
  const { callbacks = [], job = false, outbound = false, policyOf, steps = [] } = given
  return {
    ...registered!,
    definition: {
      ...registered!.definition,
      outbound: outbound || job,
      job: job ? () => Effect.void : undefined
    },
    steps: steps.length === 0
      ? [step(job ? "job" : "method", "move")]
      : steps.map((name, index) => step("own", name, policyOf?.(index))),
    flags: (steps.some((_, index) => policyOf?.(index)?.compensate !== undefined) ? Flag.compensates : 0) |
      (steps.some((_, index) => policyOf?.(index)?.shielded === true) ? Flag.shields : 0),
    nothing: { encoded: null },
    callbacks: callbacks.map((statuses, i) => ({
      ...body,
      statuses,
      name: undefined,
      of: "Car/move",
      identity: `${i}`
    }))
  }
}
