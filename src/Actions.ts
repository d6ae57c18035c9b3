/**
 * The actions of an actor: what a client can call, and what a worker has to provide.
 *
 * @since 0.1.0
 */
import { Context, Effect, Layer, Scope, Tracer } from "effect"
import {
  type ActionCallback,
  type AnyAction,
  type ArgTypes,
  type CallbackDefinition,
  checkStatuses,
  type NoSteps,
  type Outbound,
  type Owns,
  type ServicesOf
} from "./Action.ts"
import type {
  Checked,
  CheckedBody,
  CheckedSignals,
  InCallback,
  Last,
  Listed,
  Named,
  NoPromise,
  NotGiven,
  Services,
  StepResult,
  Unlike
} from "./ActionChecks.ts"
import { type ActorClass, type AnyActorClass, checkName, type PlainSchema } from "./Actor.ts"
import type { Clients } from "./Client.ts"
import { type AnyActions, Engine, type Registration } from "./Engine.ts"
import type { AfterStatus, Outcome, StepsRan } from "./Outcome.ts"
import type { AnySignal, Lists, Receives } from "./Signal.ts"
import type { Starter, Step } from "./Step.ts"
import { defineStep, type StepDefinition, type StepOptions } from "./StepDefinition.ts"
import { DefinitionError, type InfrastructureError } from "./SteppedError.ts"
import type { GivenOptions } from "./StepPolicy.ts"
import type { Completes } from "./Tokens.ts"

// -------------------------------------------------------------------------------------------------------------------
// models
// -------------------------------------------------------------------------------------------------------------------

/**
 * Own and inherited actions; an own one replaces the inherited one of its name.
 *
 * @category models
 * @since 0.1.0
 */
export type AllActions<Own extends AnyAction, Inherited extends AnyAction> = [Inherited] extends [never] ? Own
  : Own | Exclude<Inherited, { readonly name: Own["name"] }>

/**
 * The names of the actions that the actor's methods perform.
 *
 * @category models
 * @since 0.1.0
 */
export type MethodNames<As extends AnyAction> = As extends AnyAction ? Last<As> extends NoSteps ? As["name"] : never
  : never

/**
 * The methods that a worker provides: one for each action without steps.
 *
 * @category models
 * @since 0.1.0
 */
export type ActionMethods<As extends AnyAction> = {
  readonly [Name in MethodNames<As>]: (
    ...args: ArgTypes<Named<As, Name>["arguments"]>
  ) => Effect.Effect<MethodResult<Named<As, Name>>, Named<As, Name>["error"]["Type"] | InfrastructureError, any>
}

// What is taken for a method before it is known to give an effect.
type MethodsOrPromises<As extends AnyAction> = {
  readonly [Name in MethodNames<As>]: (
    ...args: ArgTypes<Named<As, Name>["arguments"]>
  ) => ReturnType<ActionMethods<As>[Name]> | Promise<unknown>
}

type AsyncNames<H> = {
  [K in keyof H]: H[K] extends (...args: any) => infer Given ?
    [Extract<Given, Promise<any>>] extends [never] ? never : K
    : never
}[keyof H]

// Whoever completes an outbound action gives its result; what the method gives is nobody's.
type MethodResult<A extends AnyAction> = Last<A> extends Outbound ? unknown : A["success"]["Type"]

type MethodServices<H> = {
  [K in keyof H]: H[K] extends (...args: any) => Effect.Effect<any, any, infer R> ? R : never
}[
  keyof H
]

// What a worker has to provide, given what all of an actor's steps, hooks and methods need.
type Provided<R, Self, Names extends string> = Exclude<
  R,
  Step | Starter | Self | Scope.Scope | Owns<Names> | Receives<AnySignal> | Lists<AnySignal> | Completes
>

/**
 * The actions of an actor.
 *
 * **Details**
 *
 * A program that only enqueues needs `client`; a worker needs the layer.
 *
 * @category models
 * @since 0.1.0
 */
export interface Actions<Self, Id extends PlainSchema, Own extends AnyAction, Inherited extends AnyAction = never>
  extends AnyActions
{
  /** Gives the function from ids to clients, which enqueues in bulk, too. */
  readonly client: Effect.Effect<Clients<Id, AllActions<Own, Inherited>>, never, Engine>

  /**
   * Registers the actions with the engine, so that workers perform them.
   *
   * **Details**
   *
   * Workers that have begun before it perform them, too, until the layer is closed. `build` gives exactly the methods of the actions that have no steps. The layer requires every service that a step,
   * hook, key or method needs.
   */
  // The mapped type requires the methods that H lacks, and refuses those that are no action's. Its properties' types
  // are the reasons, which the compiler shows as long as the type has no name.
  readonly toLayer: <H extends Partial<MethodsOrPromises<Own>>, E, RX>(
    build: Effect.Effect<
      & H
      & { readonly [K in AsyncNames<H>]: NoPromise<never> }
      & {
        readonly [K in Exclude<MethodNames<Own>, keyof H> | Exclude<keyof H, MethodNames<Own>>]: K extends
          MethodNames<Own> ? `the action ${K} has no steps: give its method`
          : `${K & string} is not an action without steps`
      },
      E,
      RX
    >
  ) => Layer.Layer<
    never,
    E,
    | Engine
    | Exclude<RX, Scope.Scope>
    | Provided<Services<Own> | MethodServices<H>, Self, AllActions<Own, Inherited>["name"]>
  >

  /** The layer of actions that all have steps, and so need no methods. */
  readonly layer: [MethodNames<Own>] extends [never]
    ? Layer.Layer<never, never, Engine | Provided<Services<Own>, Self, AllActions<Own, Inherited>["name"]>>
    // an object, since the compiler says of a text only that it is one
    : { readonly "use toLayer, and give a method for": MethodNames<Own> }

  /**
   * Gives the actions of an actor that extends this one: its own, and the inherited ones that they do not replace.
   */
  readonly extend: <Extending, Type extends string, const As extends ReadonlyArray<AnyAction>>(
    actor: ActorClass<Extending, Type, Id>,
    list: As & Checked<As, AllActions<Own, Inherited>["name"]>
  ) => Actions<Self | Extending, Id, As[number], AllActions<Own, Inherited>>
}

// -------------------------------------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------------------------------------

/**
 * Lists the actions of an actor.
 *
 * **Details**
 *
 * The compiler checks that the last step of each gives its success, that steps enqueue only actions of this list on
 * their own actor, and that no two names meet on the client.
 *
 * **Example** (Listing and implementing actions)
 *
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Step, Stepped } from "stepped"
 *
 * class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
 * const honk = Stepped.action("honk")
 * const park = Stepped.action("park").step(() => Step.do(honk))
 *
 * const Cars = Stepped.actions(Car, [honk, park])
 * const CarsLive = Cars.toLayer(Effect.succeed({ honk: () => Effect.log("beep") }))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const actions = <Self, Type extends string, Id extends PlainSchema, const As extends ReadonlyArray<AnyAction>>(
  actor: ActorClass<Self, Type, Id>,
  list: As & Checked<As, never>
): Actions<Self, Id, As[number]> => makeActions(actor, list, undefined) as any

/**
 * Adds a callback to an action from another module.
 *
 * **Details**
 *
 * Layers apply in the order of their construction; one that comes after a worker has begun to claim is an error. A callback that is tried
 * again is known by its name and its statuses; without a name, by its position among the unnamed ones with these statuses.
 *
 * **Gotchas**
 *
 * Name what may be built in another order by the next deploy or by another process: of unnamed ones that have changed places, one may run
 * twice and another not at all. A name is the action's own, also beside what is added to it for an ancestor or an heir of the actor.
 *
 * @category extending
 * @since 0.1.0
 */
export const after = <
  Self,
  Id extends PlainSchema,
  Own extends AnyAction,
  Inherited extends AnyAction,
  A extends AnyAction,
  R,
  P = NotGiven
>(
  actions: Actions<Self, Id, Own, Inherited>,
  action: A & Listed<A["name"], AllActions<Own, Inherited>["name"]>,
  statuses: ReadonlyArray<AfterStatus>,
  callback:
    & ActionCallback<
      A["arguments"],
      Outcome<A["success"]["Type"], A["error"]["Type"]> & StepsRan<A["~stepped/types"]["results"]>,
      R,
      Promise<P>
    >
    & InCallback<R>
    & NoPromise<P>,
  options?: { readonly name?: string }
): Layer.Layer<
  never,
  never,
  Engine | Exclude<R, Starter | Self | Scope.Scope | Owns<AllActions<Own, Inherited>["name"]>>
> => {
  const name = options?.name
  if (name !== undefined) checkName("callback", name)
  return registering((engine, context) => {
    const run = callback as CallbackDefinition["run"]
    const definition = { name, statuses: checkStatuses(action.name, statuses), run }
    return Effect.orDie(engine.addCallback(actions.actor.type, action.name, definition, context))
  })
}

/**
 * Puts a step before all others of an action, from another module; the latest goes first.
 *
 * **Details**
 *
 * An action without steps still runs the actor's method, after this step. Actions that have started are not affected. The name is what
 * the step is known by, also where another process or deploy has prepended others before it: no other step of the action may have it,
 * the actor's ancestors and heirs included.
 *
 * @category extending
 * @since 0.1.0
 */
export const prependStep = <
  Self,
  Id extends PlainSchema,
  Own extends AnyAction,
  Inherited extends AnyAction,
  A extends AnyAction,
  const Name extends string,
  B,
  E,
  R,
  S extends PlainSchema = never,
  P = NotGiven,
  const MayFail extends boolean = false,
  Asked = NotGiven,
  Undo = NotGiven,
  UndoFailed = NotGiven,
  RRetry = never
>(
  actions: Actions<Self, Id, Own, Inherited>,
  action: A & Listed<A["name"], AllActions<Own, Inherited>["name"]>,
  name: Name & Unlike<Name, A>,
  body: CheckedBody<A["arguments"], {}, B, E, R, S, A["error"]["Type"], P> & CheckedSignals<R, Services<A>, Last<A>>,
  options?: StepOptions<
    [...ArgTypes<A["arguments"]>, results: {}],
    A["error"]["Type"],
    S,
    StepResult<NoInfer<B>, S>,
    MayFail,
    Asked,
    Undo,
    UndoFailed,
    RRetry
  >
): Layer.Layer<
  never,
  never,
  | Engine
  | Provided<
    R | ServicesOf<NoInfer<Asked>> | ServicesOf<NoInfer<Undo>> | ServicesOf<NoInfer<UndoFailed>> | NoInfer<RRetry>,
    Self,
    AllActions<Own, Inherited>["name"]
  >
> => {
  const step = defineStep(action.name, name, "prepended", body as StepDefinition["body"], options as GivenOptions)
  return registering((engine, context) =>
    Effect.orDie(engine.prependStep(actions.actor.type, action.name, step, context))
  )
}
// -------------------------------------------------------------------------------------------------------------------
// internals
// -------------------------------------------------------------------------------------------------------------------

interface UntypedActions extends AnyActions {
  readonly client: Effect.Effect<unknown, never, Engine>
  readonly layer: Layer.Layer<never, unknown, unknown>
  readonly toLayer: (
    build: Effect.Effect<Registration["methods"], unknown, unknown>
  ) => Layer.Layer<never, unknown, unknown>
  readonly extend: (actor: AnyActorClass, list: ReadonlyArray<AnyAction>) => UntypedActions
}

const makeActions = (
  actor: AnyActorClass,
  own: ReadonlyArray<AnyAction>,
  parent: AnyActions | undefined
): UntypedActions => {
  const all = withInherited(own, parent)
  checkNames(actor, own, all)
  const toLayer: UntypedActions["toLayer"] = (build) =>
    registering((engine, context) =>
      Effect.flatMap(
        build,
        (methods) => Effect.orDie(engine.register({ actor, inherits: parent, actions: own, methods, context }))
      )
    )
  const self: UntypedActions = {
    actor,
    own,
    parent,
    client: Effect.map(Engine, (engine) => engine.client(actor, all)),
    toLayer,
    layer: toLayer(Effect.succeed({})),
    extend: (child, list) => {
      if (child.parent?.type !== actor.type) {
        throw new DefinitionError({
          message: `${child.type} does not extend ${actor.type}: define it with { extends: ${actor.type} }`
        })
      }
      return makeActions(child, list, self)
    }
  }
  return self
}

/**
 * An actor's actions, the inherited ones that they do not replace first.
 *
 * @internal
 */
export const withInherited = (
  own: ReadonlyArray<AnyAction>,
  parent: AnyActions | undefined
): ReadonlyArray<AnyAction> => {
  if (parent === undefined) return own
  const names = new Set(own.map((action) => action.name))
  const inherited = withInherited(parent.own, parent.parent)
  return [...inherited.filter((action) => !names.has(action.name)), ...own]
}

const checkNames = (actor: AnyActorClass, own: ReadonlyArray<AnyAction>, all: ReadonlyArray<AnyAction>): void => {
  const listed = new Set<string>()
  for (const { name } of own) {
    if (listed.has(name)) throw new DefinitionError({ message: `${actor.type} lists the action ${name} twice` })
    listed.add(name)
  }
  const names = new Set(all.map((action) => action.name))
  for (const name of names) {
    for (const taken of [`${name}Later`, `${name}Now`]) {
      if (!names.has(taken)) continue
      throw new DefinitionError({ message: `${actor.type} cannot have ${taken}: it is what clients call for ${name}` })
    }
  }
}

// What is registered runs long after the layer was built, so it keeps the layer's services, but neither its scope nor
// its span.
const registering = <E, R>(
  register: (engine: Engine["Service"], context: Context.Context<never>) => Effect.Effect<void, E, R>
): Layer.Layer<never, E, Engine | Exclude<R, Scope.Scope>> =>
  Layer.effectDiscard(Effect.gen(function*() {
    const engine = yield* Engine
    const context = yield* Effect.context<never>()
    yield* register(engine, Context.omit(Scope.Scope, Tracer.ParentSpan)(context))
  }))
