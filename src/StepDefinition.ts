/**
 * One step: its body, its options, and a step that is a value, which several actions take.
 *
 * @since 0.1.0
 */
import type { Effect, Schema } from "effect"
import type { ServicesOf } from "./Action.ts"
import type {
  CheckedName,
  CheckedWhen,
  ErrorsOf,
  FitsResult,
  IsGiven,
  NoPromise,
  NotGiven,
  StoredValue
} from "./ActionChecks.ts"
import { checkCodec, checkName, type PlainSchema } from "./Actor.ts"
import type { StepKind } from "./domain/Phase.ts"

export type { StepKind }

// -------------------------------------------------------------------------------------------------------------------
// models
// -------------------------------------------------------------------------------------------------------------------

/**
 * One step as the engine runs it.
 *
 * @category definitions
 * @since 0.1.0
 */
export interface StepDefinition {
  readonly name: string
  readonly kind: StepKind
  /** Receives the arguments and the results of the named steps before it. */
  readonly body: (...args: ReadonlyArray<any>) => Effect.Effect<unknown, unknown, any>
  readonly transactional: boolean
  readonly result: PlainSchema | undefined
  /** What is not as it is for most steps; none where all of it is. */
  readonly policy?: StepPolicy | undefined
}

/**
 * What a step has beside its body and its result, as the engine runs it.
 *
 * @category definitions
 * @since 0.1.0
 */
export interface StepPolicy {
  readonly when: undefined | ((...args: ReadonlyArray<any>) => boolean | Effect.Effect<boolean, unknown, any>)
  readonly mayFail: boolean
}

/**
 * A step's body. In an action it receives the arguments, then the results of the named steps before it.
 *
 * @category models
 * @since 0.1.0
 */
export type StepBody<Params extends ReadonlyArray<any>, B, E, R, Also = never> = (
  ...args: Params
) => Effect.Effect<B, E, R> | Also

/**
 * Options of one step, wherever it stands: in an action, as a value, or prepended to the steps of another module's action.
 *
 * @category models
 * @since 0.1.0
 */
export interface StepOptions<
  Params extends ReadonlyArray<any>,
  Declared,
  S,
  MayFail extends boolean = false,
  Asked = NotGiven
> {
  /** The schema of what the body gives, where that is more than JSON values and children. */
  readonly result?: S
  /**
   * Runs the body inside the engine's own transaction: its SQL, its result and its children commit together, once.
   */
  readonly transactional?: boolean
  /**
   * Whether the step runs, asked before its body with what the body receives. If not, it is `skipped`, and later steps receive `undefined` for
   * its result. A failure in it is the step's.
   */
  readonly when?: ((...args: Params) => Asked) & CheckedWhen<Asked, Declared>
  /** A failure of the step is kept with it, and the next one runs; later steps receive `undefined` for its result. */
  readonly mayFail?: MayFail
}

/**
 * What a step gives that may be skipped, or fail and be passed.
 *
 * @category models
 * @since 0.1.0
 */
export type Passing<Value, MayFail extends boolean, Asked> = [MayFail] extends [false]
  ? IsGiven<Asked> extends false ? Value : Value | undefined
  : Value | undefined

/**
 * What every step that is a value has, whatever its types.
 *
 * @category models
 * @since 0.1.0
 */
export interface AnyStepValue {
  readonly _tag: "StepValue"
  readonly name: string
  /** @internal */
  readonly definition: StepDefinition
}

/**
 * A step that is a value: actions whose arguments it can take have it with `.use(step)`.
 *
 * @category models
 * @since 0.1.0
 */
export interface StepValue<Name extends string, Needed extends ReadonlyArray<any>, Value, E, R> extends AnyStepValue {
  readonly name: Name
  readonly "~stepped/types": {
    readonly needs: (...args: Needed) => void
    readonly value: Value
    readonly error: E
    readonly services: (_: never) => R
  }
  /** The same step under another name, by which it is known: for a second time in one action. */
  readonly named: <const N extends string>(name: N) => StepValue<N, Needed, Value, E, R>
}

// -------------------------------------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------------------------------------

/**
 * Defines a step that is a value, for any action whose arguments its body takes.
 *
 * **Details**
 *
 * The body receives the action's arguments, or the first ones of them, and no results of other steps. Its errors, its services and its
 * result are those of the action that takes it.
 *
 * **Example** (One step of two actions)
 *
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Stepped } from "stepped"
 *
 * const weigh = Stepped.step("weigh", (parcel: string) => Effect.succeed(parcel.length))
 *
 * const send = Stepped.action("send", { arguments: [Schema.String] })
 *   .use(weigh)
 *   .step((parcel, { weigh }) => Effect.log(`${parcel} weighs ${weigh}`))
 * const take = Stepped.action("take", { arguments: [Schema.String, Schema.Int] }).use(weigh)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const step = <
  const N extends string,
  Needed extends ReadonlyArray<any>,
  B,
  E,
  R,
  S extends PlainSchema = never,
  P = NotGiven,
  const MayFail extends boolean = false,
  Asked = NotGiven
>(
  name: CheckedName<N, {}, B, S, Schema.Never, P>,
  body: StepBody<Needed, B, E, R, Promise<P>> & NoPromise<P> & FitsResult<B, S, P>,
  options?: StepOptions<Needed, unknown, S, MayFail, Asked>
): StepValue<
  N,
  Needed,
  Passing<StoredValue<N, B, S>, MayFail, Asked>,
  E | ErrorsOf<NoInfer<Asked>>,
  R | ServicesOf<NoInfer<Asked>>
> =>
  new StepValueImpl(
    defineStep("Stepped.step", name as string, "own", body as StepDefinition["body"], options as GivenOptions)
  ) as any

/**
 * Tests whether a value is a step that is a value.
 *
 * @category guards
 * @since 0.1.0
 */
export const isStepValue = (u: unknown): u is AnyStepValue => u instanceof StepValueImpl

// -------------------------------------------------------------------------------------------------------------------
// internals
// -------------------------------------------------------------------------------------------------------------------

/**
 * Options as the engine reads them.
 *
 * @internal
 */
export interface GivenOptions extends Partial<StepPolicy> {
  readonly result?: PlainSchema
  readonly transactional?: boolean
}

/**
 * A step as it is given to an action, checked; throws a `DefinitionError` where it can be none.
 *
 * @internal
 */
export const defineStep = (
  owner: string,
  name: string,
  kind: StepKind,
  body: StepDefinition["body"],
  options: GivenOptions | undefined
): StepDefinition => {
  if (kind !== "unnamed") checkName("step", name)
  if (options?.result !== undefined) checkCodec(owner, `the result of ${name}`, options.result)
  return {
    name,
    kind,
    body,
    transactional: options?.transactional ?? false,
    result: options?.result,
    policy: policyOf(options)
  }
}

const policyOf = ({ mayFail = false, when }: GivenOptions = {}): StepPolicy | undefined =>
  mayFail || when !== undefined ? { mayFail, when } : undefined

class StepValueImpl implements AnyStepValue {
  readonly _tag = "StepValue"
  readonly definition: StepDefinition

  constructor(definition: StepDefinition) {
    this.definition = definition
  }

  get name(): string {
    return this.definition.name
  }

  named(name: string): AnyStepValue {
    checkName("step", name)
    return new StepValueImpl({ ...this.definition, name })
  }
}
