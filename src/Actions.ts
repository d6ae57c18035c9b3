/**
 * The actions of an actor: what a client can call, and what a worker has to provide.
 *
 * @since 0.1.0
 */
import { Context, Effect, Layer, type Option, Scope, Tracer } from "effect"
import {
  type ActionCallback,
  type AnyAction,
  type ArgTypes,
  type CallbackDefinition,
  checkStatuses,
  type Gives,
  type NoSteps,
  type Outbound,
  type Owns,
  type StepBody,
  type StepDefinition
} from "./Action.ts"
import type { ActionHandle } from "./ActionHandle.ts"
import { type ActorClass, type ActorRef, type AnyActorClass, checkName, type PlainSchema } from "./Actor.ts"
import { type AnyActions, Engine, type Registration } from "./Engine.ts"
import type { AfterStatus, CompletionOutcome, Outcome } from "./Outcome.ts"
import type { Step } from "./Step.ts"
import {
  type CompleteError,
  DefinitionError,
  type EnqueueError,
  type InfrastructureError,
  type WaitError
} from "./SteppedError.ts"

// -------------------------------------------------------------------------------------------------------------------
// clients
// -------------------------------------------------------------------------------------------------------------------

/**
 * One actor's actions, ready to be called; the effects need nothing further.
 *
 * **Details**
 *
 * For an action `visit`: `visitLater` enqueues it, inside an open `sql.withTransaction` together with it; `visitNow`
 * performs it in the calling fiber as far as it goes at once; `visit` enqueues it and waits for its result.
 *
 * @category models
 * @since 0.1.0
 */
export type Client<As extends AnyAction> =
  & {
    readonly [A in As as A["name"]]: (
      ...args: ArgTypes<A["arguments"]>
    ) => Effect.Effect<A["success"]["Type"], A["error"]["Type"] | EnqueueError | WaitError>
  }
  & {
    readonly [A in As as `${A["name"]}Later` | `${A["name"]}Now`]: (
      ...args: ArgTypes<A["arguments"]>
    ) => Effect.Effect<ActionHandle<A>, EnqueueError>
  }

/**
 * The clients of one actor type: call it with an id for the client of that actor.
 *
 * @category models
 * @since 0.1.0
 */
export interface Clients<Id extends PlainSchema, As extends AnyAction> {
  (id: Id["Type"]): Client<As>

  /**
   * Enqueues one action on many actors, each call an actor's id with the arguments, and gives their handles in the same order.
   *
   * **Details**
   *
   * A statement stores some thousand of them. All are stored or none: what one of them does not fit fails the call (`EnqueueError`).
   * At most 100,000 at once (`TooManyInvocations`). Inside an open `sql.withTransaction` they commit with it.
   *
   * **Example** (Driving a fleet)
   *
   * ```ts
   * import { Effect, Schema } from "effect"
   * import { Stepped } from "stepped"
   *
   * class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
   * const drive = Stepped.action("drive", { arguments: [Schema.Int] })
   * const Cars = Stepped.actions(Car, [drive])
   *
   * const driveAll = Effect.fn(function*(ids: ReadonlyArray<number>) {
   *   const cars = yield* Cars.client
   *   return yield* cars.enqueueMany(drive, ids.map((id) => [id, 100]))
   * })
   * ```
   */
  readonly enqueueMany: <A extends AnyAction>(
    action: A & Listed<A["name"], As["name"]>,
    calls: Iterable<readonly [id: Id["Type"], ...args: ArgTypes<A["arguments"]>]>
  ) => Effect.Effect<ReadonlyArray<ActionHandle<A>>, EnqueueError>
}

// -------------------------------------------------------------------------------------------------------------------
// checks
// -------------------------------------------------------------------------------------------------------------------

type Last<A extends AnyAction> = A["~stepped/types"]["last"]
type Services<A extends AnyAction> = [A] extends [never] ? never
  : A["~stepped/types"]["services"] extends (_: never) => infer R ? R
  : never
type Named<As extends AnyAction, Name> = Extract<As, { readonly name: Name }>
type OwnedNames<R> = R extends Owns<infer Name> ? Name : never

// The names of the other members of a list.
type OtherNames<As extends ReadonlyArray<AnyAction>, K> = {
  [J in Exclude<keyof As, K> & `${number}`]: As[J] extends AnyAction ? As[J]["name"] : never
}[Exclude<keyof As, K> & `${number}`]

type Unsuffixed<Name> = Name extends `${infer Base}Later` ? Base : Name extends `${infer Base}Now` ? Base : never
type Colliding<Name, Names> = Unsuffixed<Name> & Names & string
type Missing<A extends AnyAction, Names> = Exclude<OwnedNames<Services<A>>, Names> & string

// The action where it passes, otherwise the reason why it does not.
type Check<A, Others extends string, Names extends string> = A extends AnyAction ? string extends A["name"] ? A
  : A["name"] extends "then" ? "then cannot name an action: its client would be taken for a promise"
  : A["name"] extends Others ? `${A["name"]} is listed twice`
  : [Colliding<A["name"], Names>] extends [never] ? CheckSteps<A, Names>
  : `${A["name"]} collides with what ${Colliding<A["name"], Names>} has on the client`
  : never

type CheckSteps<A extends AnyAction, Names extends string> = [Missing<A, Names>] extends [never]
  ? [A["success"]["Type"]] extends [void] ? A
  : Last<A> extends Gives<infer Value>
    ? [Value] extends [A["success"]["Type"]] ? A : `the last step of ${A["name"]} must return its success`
  : A
  : `${A["name"]} enqueues ${Missing<A, Names>}, which this actor does not have`

// A list whose every member passes.
type Checked<As extends ReadonlyArray<AnyAction>, Inherited extends string> = {
  readonly [K in keyof As]: Check<As[K], OtherNames<As, K>, As[number]["name"] | Inherited>
}

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

// Whoever completes an outbound action gives its result; what the method gives is nobody's.
type MethodResult<A extends AnyAction> = Last<A> extends Outbound ? unknown : A["success"]["Type"]

type MethodServices<H> = {
  [K in keyof H]: H[K] extends (...args: any) => Effect.Effect<any, any, infer R> ? R : never
}[
  keyof H
]

// What a worker has to provide, given what all of an actor's steps, hooks and methods need.
type Provided<R, Self, Names extends string> = Exclude<R, Step | Self | Scope.Scope | Owns<Names>>

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
   * `build` gives exactly the methods of the actions that have no steps. The layer requires every service that a step,
   * hook, key or method needs.
   */
  // The mapped type requires the methods that H lacks, and refuses those that are no action's. Its properties' types
  // are the reasons, which the compiler shows as long as the type has no name.
  readonly toLayer: <H extends Partial<ActionMethods<Own>>, E, RX>(
    build: Effect.Effect<
      & H
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
    : `use toLayer and give a method for: ${MethodNames<Own>}`

  /**
   * Gives the actions of an actor that extends this one: its own, and the inherited ones that they do not replace.
   */
  readonly extend: <Extending, Type extends string, const As extends ReadonlyArray<AnyAction>>(
    actor: ActorClass<Extending, Type, Id>,
    list: As & Checked<As, AllActions<Own, Inherited>["name"]>
  ) => Actions<Self | Extending, Id, As[number], AllActions<Own, Inherited>>
}

type Listed<Name extends string, Names> = Name extends Names ? unknown : `${Name} is not among these actions`

// A prepended step is known by its name.
type Unlike<Name extends string, A extends AnyAction> = Name extends keyof A["~stepped/types"]["results"]
  ? `${A["name"]} has a step ${Name}`
  : unknown

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
  R
>(
  actions: Actions<Self, Id, Own, Inherited>,
  action: A & Listed<A["name"], AllActions<Own, Inherited>["name"]>,
  statuses: ReadonlyArray<AfterStatus>,
  callback: ActionCallback<A["arguments"], Outcome<A["success"]["Type"], A["error"]["Type"]>, R>,
  options?: { readonly name?: string }
): Layer.Layer<never, never, Engine | Exclude<R, Self | Scope.Scope>> => {
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
  R
>(
  actions: Actions<Self, Id, Own, Inherited>,
  action: A & Listed<A["name"], AllActions<Own, Inherited>["name"]>,
  name: Name & Unlike<Name, A>,
  body: StepBody<A["arguments"], {}, unknown, A["error"]["Type"] | InfrastructureError, R>,
  options?: { readonly transactional?: boolean }
): Layer.Layer<
  never,
  never,
  Engine | Provided<R, Self, AllActions<Own, Inherited>["name"]>
> => {
  checkName("step", name)
  return registering((engine, context) => {
    const step: StepDefinition = {
      name,
      kind: "prepended",
      body: body as StepDefinition["body"],
      transactional: options?.transactional ?? false,
      result: undefined
    }
    return Effect.orDie(engine.prependStep(actions.actor.type, action.name, step, context))
  })
}

/**
 * Completes an outbound action from outside.
 *
 * **Details**
 *
 * Given an actor, it completes that actor's performing outbound action of this name, and gives its id, or nothing if
 * there is none; two of them are an `AmbiguousCompletion`. Given an action's id, it completes exactly that one, or gives nothing if that
 * is over; an id that names no action of this name is an `UnknownAction`.
 *
 * @category completing
 * @since 0.1.0
 */
export const complete = <A extends AnyAction>(
  target: ActorRef | string,
  action: A & (Last<A> extends Outbound ? unknown : `${A["name"]} is not outbound: it completes by itself`),
  outcome: CompletionOutcome<A["success"]["Type"], A["error"]["Type"]>
): Effect.Effect<Option.Option<string>, CompleteError, Engine> =>
  Effect.flatMap(Engine, (engine) => engine.complete(target, action, outcome))

/**
 * Gives a handle for an action that was enqueued elsewhere, by its id: to wait for it, to cancel it, to look at it.
 *
 * **Details**
 *
 * The id is a handle's `id`, kept wherever the program keeps such things. One that is unknown, or names something else than this action
 * of this actor, shows when the handle is used, whatever it is asked (`UnknownAction`).
 *
 * @category constructors
 * @since 0.1.0
 */
export const handle = <A extends AnyAction>(
  actor: ActorRef,
  action: A,
  id: string
): Effect.Effect<ActionHandle<A>, never, Engine> =>
  Effect.map(Engine, (engine) => engine.handle(actor, action, id) as ActionHandle<A>)

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

const withInherited = (own: ReadonlyArray<AnyAction>, parent: AnyActions | undefined): ReadonlyArray<AnyAction> => {
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
