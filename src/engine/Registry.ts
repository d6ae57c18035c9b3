/**
 * What this process can run: definitions by actor and name, with what other modules have added to them.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { type AnyAction, type CallbackDefinition, declaredSuccesses, type Definition } from "../Action.ts"
import type { AnyActorClass, PlainSchema } from "../Actor.ts"
import { codecOf, fingerprintOf } from "../domain/Codec.ts"
import { definitionKey } from "../domain/Key.ts"
import { Flag, type StepIdentity } from "../domain/Phase.ts"
import { type AfterStatus, afterStatuses } from "../Outcome.ts"
import type { StepDefinition, StepPolicy } from "../StepDefinition.ts"
import { DefinitionError } from "../SteppedError.ts"
import type { Catalog } from "../store/Store.ts"

/** User code with the services that its layer captured. */
export interface Bound<A> {
  readonly run: A
  readonly context: Context.Context<never>
}

type Body = (...args: ReadonlyArray<any>) => any

/** A step as it runs: the definition's own, a prepended one, or the one generated for a method or a job. */
export interface RunnableStep extends StepIdentity {
  /** The definition that it belongs to, or was prepended to. */
  readonly of: string
  readonly transactional: boolean
  readonly result: PlainSchema | undefined
  readonly policy?: StepPolicy | undefined
  readonly body: Bound<Body>
}

/** Steps that the engine has generated do not show in paths. */
export const isGenerated = ({ kind }: Pick<StepIdentity, "kind">): boolean => kind === "method" || kind === "job"

/** A callback as it runs: the definition's own, or one that was added to it. */
export interface RunnableCallback extends Bound<Body> {
  readonly statuses: ReadonlyArray<AfterStatus>
  /** An addition's own, and the definition that it was added to. */
  readonly name: string | undefined
  readonly of: string
  /** What it is known by, in every process and version, and whoever inherits it. */
  readonly identity: string
}

/** A definition that this process can run, additions included. */
export interface Runnable {
  readonly key: string
  readonly actor: AnyActorClass
  readonly action: AnyAction
  readonly definition: Definition
  readonly context: Context.Context<never>
  readonly steps: ReadonlyArray<RunnableStep>
  /** The names of the prepended ones among them. */
  readonly prepended: ReadonlyArray<string>
  readonly callbacks: ReadonlyArray<RunnableCallback>
  readonly flags: number
  /** The action's success, encoded, where its last step is passed and gives none; nothing if it can have none then. */
  readonly nothing: { readonly encoded: unknown } | undefined
  /** Hooks and effectful keys run in the worker before the lane is taken. */
  readonly prepare: boolean
}

/** What a `toLayer` registers. */
export interface Registered {
  readonly actor: AnyActorClass
  readonly actions: ReadonlyArray<AnyAction>
  readonly methods: Readonly<Record<string, Body>>
  readonly context: Context.Context<never>
}

/** A callback of a definition or of additions, before its place among the others is known. */
type BoundCallback = Bound<Body> & Pick<CallbackDefinition, "name" | "statuses">

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
  #sealed = false
  readonly #successes = new Map<string, { readonly of: number; readonly by: ReadonlyMap<string | null, PlainSchema> }>()

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
    }
    this.#checkDeclarations(registration)
    this.#registered.set(type, registration)
    return this.#apply(type, () => {
      this.#registered.delete(type)
    })
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

  /** A definition by its name in the database. */
  byKey(key: string): Runnable | undefined {
    const known = this.#resolved.get(key)
    if (known !== undefined) return known
    const [type, name] = key.split("/") as [string, string]
    return this.find(type, name)
  }

  /**
   * The schema of what an action gives to a slot that has asked for it with this fingerprint. Where it is not declared here, a deploy has
   * changed it: to the only one of that name, or to one that cannot be told.
   */
  successOf(name: string, fingerprint: string | null): PlainSchema | undefined {
    const declared = declaredSuccesses(name)
    if (declared === undefined) return undefined
    let known = this.#successes.get(name)
    // what is declared later, in a body perhaps, counts from then on
    if (known === undefined || known.of !== declared.size) {
      known = { of: declared.size, by: new Map([...declared].map((schema) => [fingerprintOf(schema), schema])) }
      this.#successes.set(name, known)
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
      ? definition.steps.map((step) => ownStep(step, key, context))
      : definition.job !== undefined
      // the step "enqueues the job": the job runs as the phase after it
      ? [generatedStep("job", name, key, { run: () => Effect.void, context })]
      : method === undefined
      ? []
      : [generatedStep("method", name, key, { run: method, context })]
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
      flags: (definition.outbound ? Flag.outbound : 0) | (codecOf(definition.success).isVoid ? Flag.void : 0),
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
  checkSteps(base.key, steps)
  const prepended = steps.filter(({ kind }) => kind === "prepended").map(({ name }) => name)
  return { ...base, steps, prepended, callbacks, flags, nothing: nothingOf(base, steps) }
}

/** Known before an action comes to it: what has to give its success cannot be passed. */
const nothingOf = ({ definition, key }: Runnable, steps: ReadonlyArray<RunnableStep>): Runnable["nothing"] => {
  if (definition.outbound || steps.every(({ policy }) => policy === undefined)) return undefined
  const encoded = Effect.runSyncExit(codecOf(definition.success).encode(undefined))
  if (Exit.isSuccess(encoded)) return { encoded: encoded.value }
  const last = steps.at(-1)!
  if (last.policy === undefined) return undefined
  const message = `${key}: the last step, ${last.name}, may be passed without a result (when, mayFail), and has to give`
  throw new DefinitionError({ message: `${message} the action's success` })
}

const ownStep = (step: StepDefinition, of: string, context: Context.Context<never>): RunnableStep => ({
  ...step,
  of,
  body: { run: step.body, context }
})

const generatedStep = (kind: "method" | "job", name: string, of: string, body: Bound<Body>): RunnableStep => ({
  name,
  kind,
  of,
  transactional: false,
  result: undefined,
  body
})

const isOrExtends = (actor: AnyActorClass, type: string): boolean =>
  actor.type === type || actor.parent !== undefined && isOrExtends(actor.parent, type)

const originOf = ({ kind, name, of }: RunnableStep): string =>
  kind === "prepended"
    ? `${name} is prepended to ${of}`
    : isGenerated({ kind })
    ? `the ${kind} of ${of} is the step ${name}`
    : `${of} has a step ${name}`

/** A prepended step is known by its name, which no other step of the action may have. */
const checkSteps = (key: string, steps: ReadonlyArray<RunnableStep>): void => {
  const named = new Map<string, RunnableStep>()
  // from the back: the definition first, then what was added to it, in its order
  for (const step of steps.toReversed()) {
    const other = named.get(step.name)
    if (other !== undefined) {
      throw new DefinitionError({
        message: `${key} has two steps named ${step.name}: ${originOf(other)}, and ${originOf(step)}` +
          `${other.of === step.of && other.kind === step.kind ? " again" : ""}. Give the prepended one another name`
      })
    }
    named.set(step.name, step)
  }
}

/** Their statuses, and a name or, among those without one, a position; what has other statuses may come and go before them. */
const identified = (
  of: string,
  origin: string,
  callbacks: ReadonlyArray<BoundCallback>
): ReadonlyArray<RunnableCallback> => {
  const counts = new Map<string, number>()
  return callbacks.map(({ context, name, run, statuses }) => {
    const all = afterStatuses.filter((status) => statuses.includes(status)).join("+")
    if (name !== undefined) return { context, run, statuses, name, of, identity: `${origin}:${name}:${all}` }
    const position = (counts.get(all) ?? 0) + 1
    counts.set(all, position)
    return { context, run, statuses, name, of, identity: `${origin}:${all}:${position}` }
  })
}

/** A named callback is known by its name, which no other one of the action may have. */
const checkCallbacks = (key: string, callbacks: ReadonlyArray<RunnableCallback>): void => {
  const named = new Map<string, RunnableCallback>()
  for (const callback of callbacks) {
    if (callback.name === undefined) continue
    const other = named.get(callback.name)
    if (other !== undefined) {
      throw new DefinitionError({
        message: `${key} has two callbacks named ${callback.name}: one is added to ${other.of}, ` +
          `${
            other.of === callback.of ? "and so is the other" : `the other to ${callback.of}`
          }. Give one of them another name`
      })
    }
    named.set(callback.name, callback)
  }
}
