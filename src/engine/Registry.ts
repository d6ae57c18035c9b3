/**
 * What this process can run: definitions by actor and name, with what other modules have added to them.
 */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { type AnyAction, type CallbackDefinition, declaredSchemas } from "../Action.ts"
import type { AnyActorClass, PlainSchema } from "../Actor.ts"
import { codecOf, fingerprintOf } from "../domain/Codec.ts"
import { definitionKey } from "../domain/Key.ts"
import { Flag } from "../domain/Phase.ts"
import { ownActor, ownQueue } from "../domain/reserved.ts"
import type { StepDefinition } from "../StepDefinition.ts"
import { DefinitionError } from "../SteppedError.ts"
import { withDefaults } from "../StepPolicy.ts"
import type { ScheduleGiven } from "../store/Scheduled.ts"
import type { Catalog } from "../store/Store.ts"
import {
  type Body,
  type BoundCallback,
  checkCallbacks,
  checkSteps,
  generatedStep,
  identified,
  mayBePassed,
  ownStep,
  type Runnable,
  type RunnableStep,
  undoOf
} from "./Runnable.ts"

/** What a `toLayer` registers. */
export interface Registered {
  readonly actor: AnyActorClass
  readonly actions: ReadonlyArray<AnyAction>
  readonly methods: Readonly<Record<string, Body>>
  readonly context: Context.Context<never>
}

interface Additions {
  readonly callbacks: Array<BoundCallback>
  readonly prepended: Array<RunnableStep>
}

/** What was given under a name: nothing that every object has. */
const methodOf = (methods: Registered["methods"], name: string): Body | undefined => {
  for (let at: object | null = methods; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    // a class has itself under this name
    if (Object.hasOwn(at, name) && (at === methods || name !== "constructor")) return methods[name]
  }
  return undefined
}

const flagOf = { succeeded: Flag.succeeded, failed: Flag.failed, cancelled: Flag.cancelled, timed_out: Flag.timed_out }

export class Registry {
  // invariant: what is derived (resolved, all, catalog) is of what is registered and added now: whoever changes that forgets it
  readonly #registered = new Map<string, Registered>()
  readonly #additions = new Map<string, Additions>()
  #resolved = new Map<string, Runnable | undefined>()
  #all: ReadonlyArray<Runnable> | undefined
  #catalog: Catalog | undefined
  readonly #unlisting = new Map<
    string,
    { readonly of: ReadonlyArray<Runnable>; readonly keys: ReadonlyArray<string> }
  >()
  #sealed = false
  #schedules: ReadonlyArray<ScheduleGiven> = []
  readonly #schemas = new Map<string, { readonly of: number; readonly by: ReadonlyMap<string | null, PlainSchema> }>()

  /** Adds an actor's actions; answers how to take them out again. */
  register(registration: Registered): () => void {
    const type = registration.actor.type
    if (this.#registered.has(type)) {
      throw new DefinitionError({ message: `The actions of ${type} are provided twice: merge the two lists` })
    }
    const names = new Set<string>()
    for (const action of registration.actions) {
      if (names.has(action.name)) {
        throw new DefinitionError({ message: `${type} defines the action ${action.name} twice` })
      }
      names.add(action.name)
      if (action.definition.queue === ownQueue && type !== ownActor) {
        throw new DefinitionError({
          message: `${type}/${action.name} cannot be in the queue ${ownQueue}: it is that of the engine's own actions`
        })
      }
    }
    this.#checkDeclarations(registration)
    this.#registered.set(type, registration)
    return this.#apply(type, () => {
      this.#registered.delete(type)
    })
  }

  /** Adds a schedule that the program declares; answers how to take it out again. */
  declare(schedule: ScheduleGiven): () => void {
    if (this.#schedules.some(({ name }) => name === schedule.name)) {
      throw new DefinitionError({ message: `The schedule ${schedule.name} is declared twice: rename one of them` })
    }
    this.#schedules = [...this.#schedules, schedule]
    return () => {
      this.#schedules = this.#schedules.filter((other) => other !== schedule)
    }
  }

  /** Those that the program declares: the same list until one is added or taken out. */
  schedules(): ReadonlyArray<ScheduleGiven> {
    return this.#schedules
  }

  // "declare first, implement after": listing the bare declaration would run another body than the one that was written for it
  #checkDeclarations(added: Registered): void {
    const all = [...this.#registered.values(), added].flatMap((r) =>
      r.actions.map((action) => [r.actor.type, action] as const)
    )
    for (const [type, action] of all) {
      const implementation = all.find(([, other]) => other !== action && other.definition.implements === action)
      if (action.definition.steps.length === 0 && implementation !== undefined) {
        throw new DefinitionError({
          message: `${type} lists the declaration ${action.name}, which is implemented for ${
            implementation[0]
          }: list the implementation`
        })
      }
    }
  }

  addCallback(
    type: string,
    name: string,
    definition: CallbackDefinition,
    context: Context.Context<never>
  ): () => void {
    const additions = this.#add(type, name)
    const callback = { ...definition, context }
    additions.callbacks.push(callback)
    return this.#apply(type, () => {
      additions.callbacks.splice(additions.callbacks.indexOf(callback), 1)
    })
  }

  prependStep(type: string, name: string, step: StepDefinition, context: Context.Context<never>): () => void {
    const additions = this.#add(type, name)
    const runnable = ownStep(step, definitionKey(type, name), context)
    additions.prepended.unshift(runnable)
    return this.#apply(type, () => {
      additions.prepended.splice(additions.prepended.indexOf(runnable), 1)
    })
  }

  /** Looks at what has changed for an actor and its heirs, and takes it back if it contradicts what is there; answers how to. */
  #apply(type: string, remove: () => void): () => void {
    const undo = () => {
      remove()
      this.#changed()
    }
    this.#changed()
    try {
      for (const { actor } of this.#registered.values()) {
        if (isOrExtends(actor, type)) { for (const name of this.#names(actor)) this.find(actor.type, name) }
      }
    } catch (error) {
      undo()
      throw error
    }
    return undo
  }

  #add(type: string, name: string): Additions {
    const key = definitionKey(type, name)
    if (this.#sealed) {
      throw new DefinitionError({
        message: `${key} is extended after a worker has begun to claim: build that layer before the worker`
      })
    }
    const additions = this.#additions.get(key) ?? { callbacks: [], prepended: [] }
    this.#additions.set(key, additions)
    return additions
  }

  #changed(): void {
    this.#resolved = new Map()
    this.#all = undefined
  }

  /** From now on nothing can be added to definitions: a worker has begun to claim with them. */
  seal(): void {
    this.#sealed = true
  }

  /** For what hands nothing over, and looks whose callbacks are to run: what this process can run, and no queue. */
  catalog(): Catalog {
    const definitions = this.all()
    if (this.#catalog?.definitions !== definitions) this.#catalog = { definitions, queues: [] }
    return this.#catalog
  }

  /** The program has provided nothing: all that there is are the engine's own. */
  isBare(): boolean {
    return [...this.#registered.keys()].every((type) => type === ownActor)
  }

  /** Every runnable definition: the same list until one is added or taken out. */
  all(): ReadonlyArray<Runnable> {
    return this.#all ??= [...this.#registered.values()].flatMap(({ actor }) =>
      [...this.#names(actor)].flatMap((name) => this.find(actor.type, name) ?? [])
    )
  }

  #names(actor: AnyActorClass): ReadonlySet<string> {
    const names = new Set(this.#registered.get(actor.type)?.actions.map((action) => action.name))
    if (actor.parent !== undefined) { for (const name of this.#names(actor.parent)) names.add(name) }
    return names
  }

  /** Why a definition that an actor inherits cannot run here, for the error at a worker's start. */
  missing(): ReadonlyArray<string> {
    return [...this.#registered.values()].flatMap(({ actor }) =>
      actor.parent !== undefined && !this.#registered.has(actor.parent.type)
        ? [`${actor.type} extends ${actor.parent.type}, whose actions are not provided`]
        : []
    )
  }

  /** A definition by actor and name, inherited ones included. */
  find(type: string, name: string): Runnable | undefined {
    const key = definitionKey(type, name)
    if (this.#resolved.has(key)) return this.#resolved.get(key)
    const runnable = this.#resolve(type, name)
    this.#resolved.set(key, runnable)
    return runnable
  }

  /** The definitions that this process has and that do not list a signal of this name. */
  unlisting(signal: string): ReadonlyArray<string> {
    const known = this.#unlisting.get(signal)
    const all = this.all()
    if (known?.of === all) return known.keys
    const keys = all.filter(({ definition }) => definition.signals.every(({ name }) => name !== signal)).map((
      { key }
    ) => key)
    this.#unlisting.set(signal, { of: all, keys })
    return keys
  }

  /** A definition by its name in the database. */
  byKey(key: string): Runnable | undefined {
    const known = this.#resolved.get(key)
    if (known !== undefined) return known
    const [type, name] = key.split("/") as [string, string]
    return this.find(type, name)
  }

  /**
   * The schema of what an action gives to a slot that has asked for it with this fingerprint: its success, or its error. Where it is not
   * declared here, a deploy has changed it: to the only one of that name, or to one that cannot be told.
   */
  schemaOf(side: "success" | "error", name: string, fingerprint: string | null): PlainSchema | undefined {
    const declared = declaredSchemas(side, name)
    if (declared === undefined) return undefined
    const key = `${side}/${name}`
    let known = this.#schemas.get(key)
    // what is declared later, in a body perhaps, counts from then on
    if (known === undefined || known.of !== declared.size) {
      known = { of: declared.size, by: new Map([...declared].map((schema) => [fingerprintOf(schema), schema])) }
      this.#schemas.set(key, known)
    }
    return known.by.get(fingerprint) ?? (known.by.size === 1 ? known.by.values().next().value : undefined)
  }

  #resolve(type: string, name: string): Runnable | undefined {
    const registration = this.#registered.get(type)
    if (registration === undefined) return undefined
    const key = definitionKey(type, name)
    const additions = this.#additions.get(key)
    const action = registration.actions.find((candidate) => candidate.name === name)
    if (action === undefined) {
      const inherited = registration.actor.parent && this.find(registration.actor.parent.type, name)
      return inherited && extend({ ...inherited, key, actor: registration.actor }, additions)
    }
    const { definition } = action
    const context = registration.context
    const method = methodOf(registration.methods, name)
    const steps: ReadonlyArray<RunnableStep> = definition.steps.length > 0
      ? definition.steps.map((step) => ownStep(step, key, context, definition.defaults))
      : definition.job !== undefined
      // the step "enqueues the job": the job runs as the phase after it
      ? [generatedStep("job", name, key, { run: () => Effect.void, context })]
      : method === undefined
      ? []
      : [{
        ...generatedStep(definition.replays !== undefined ? "replayed" : "method", name, key, { run: method, context }),
        // what somebody outside completes has not succeeded with its method
        policy: withDefaults(
          definition.compensate === undefined || definition.outbound
            ? undefined
            : { when: undefined, mayFail: false, compensate: definition.compensate },
          definition.defaults
        )
      }]
    const prepare = definition.before !== undefined
    return extend({
      key,
      actor: registration.actor,
      action,
      definition,
      context,
      steps,
      prepended: [],
      callbacks: identified(key, type, definition.callbacks.map((callback) => ({ ...callback, context }))),
      flags: (definition.outbound ? Flag.outbound : 0) |
        (codecOf(definition.success).isVoid && definition.achievementTtl === undefined ? Flag.takenAsIs : 0) |
        (definition.signals.length > 0 ? Flag.signals : 0),
      nothing: undefined,
      prepare
    }, additions)
  }
}

const extend = (base: Runnable, additions: Additions | undefined): Runnable => {
  const added = identified(base.key, `${base.actor.type}/after`, additions?.callbacks ?? [])
  const callbacks = [...base.callbacks, ...added]
  checkCallbacks(base.key, callbacks)
  let flags = base.flags
  for (const callback of callbacks) for (const status of callback.statuses) flags |= flagOf[status]
  const steps = [...additions?.prepended ?? [], ...base.steps]
  if (steps.some(({ policy }) => undoOf(policy) !== undefined)) flags |= Flag.compensates
  if (base.definition.compensate !== undefined) flags |= Flag.compensates | Flag.undone
  if (steps.some(({ policy }) => policy?.shielded === true)) flags |= Flag.shields
  checkSteps(base.key, steps)
  const prepended = steps.filter(({ kind }) => kind === "prepended").map(({ name }) => name)
  return { ...base, steps, prepended, callbacks, flags, nothing: nothingOf(base, steps) }
}

/** Known before an action comes to it: what has to give its success cannot be passed. */
const nothingOf = ({ definition, key }: Runnable, steps: ReadonlyArray<RunnableStep>): Runnable["nothing"] => {
  if (definition.outbound || !steps.some(mayBePassed)) return undefined
  const anew = codecOf(definition.success).encode(undefined)
  const encoded = Effect.runSyncExit(anew)
  if (Exit.isSuccess(encoded)) return { encoded: encoded.value }
  // what takes an effect has not said no
  const takesEffect = !encoded.cause.reasons.some(Cause.isFailReason)
  if (takesEffect && Schema.is(Schema.toType(definition.success))(undefined)) return { encoded: undefined, anew }
  const last = steps.at(-1)!
  if (!mayBePassed(last)) return undefined
  const message = `${key}: the last step, ${last.name}, may be passed without a result (when, mayFail), and has to give`
  throw new DefinitionError({ message: `${message} the action's success` })
}

const isOrExtends = (actor: AnyActorClass, type: string): boolean =>
  actor.type === type || actor.parent !== undefined && isOrExtends(actor.parent, type)
