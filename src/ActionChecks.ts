/**
 * What the compiler checks about actions and lists of them, each with the sentence that it answers with.
 *
 * A parameter of a checked type passes as it is, or is a text, to which nothing is assignable: the compiler shows it as the reason.
 */
import type { Effect, HashMap, HashSet, Redacted } from "effect"
import type { AnyAction, ArgSchemas, ArgTypes, Gives, Outbound, Owns } from "./Action.ts"
import type { PlainSchema } from "./Actor.ts"
import type { Child, Settled, Storable } from "./Child.ts"
import type { AnySignal, Lists, Receives } from "./Signal.ts"
import type { StepBody } from "./StepDefinition.ts"
import type { InfrastructureError } from "./SteppedError.ts"
import type { Completes } from "./Tokens.ts"

// -------------------------------------------------------------------------------------------------------------------
// one action
// -------------------------------------------------------------------------------------------------------------------

/**
 * What a type parameter is for which nothing was given.
 *
 * @category markers
 * @since 0.1.0
 */
export interface NotGiven {
  readonly "~stepped/notGiven": true
}

/** Whether something was given for a type parameter; `any` was. */
export type IsGiven<T> = 0 extends 1 & T ? true
  : [T] extends [NotGiven] ? [NotGiven] extends [T] ? false : true
  : true

/** What may give a promise may do so only to be refused with a sentence: what an effect has and a promise lacks would fill a page. */
export type NoPromise<P> = IsGiven<P> extends false ? unknown : PromiseGiven

type PromiseGiven =
  "an async function gives a promise, and no effect: write Effect.fn(function*() { … }), and promises inside Effect.promise"

/** Finds the services of bodies among requirements; by their keys, since the module of those services builds on this one. */
type InsideStep = { readonly key: "stepped/Step" }
type InsideCallback = { readonly key: "stepped/Starter" }

// What a checksum cannot be made of, as far as types tell: methods of classes look like functions among their fields.
type Unsummable<A, Depth extends ReadonlyArray<unknown> = []> = Depth["length"] extends 4 ? never
  : 0 extends 1 & A ? never
  : unknown extends A ? never
  : A extends string | number | bigint | boolean | null | undefined | void | Date ? never
  : A extends symbol ? "a symbol"
  : A extends (...args: any) => any ? "a function"
  : A extends ReadonlyMap<any, any> ? "a Map"
  : A extends ReadonlySet<any> ? "a Set"
  : A extends Promise<any> ? "a promise"
  : A extends Redacted.Redacted<any> ? "a Redacted"
  : A extends HashMap.HashMap<any, any> ? "a HashMap"
  : A extends HashSet.HashSet<any> ? "a HashSet"
  : A extends ReadonlyArray<infer I> ? Unsummable<I, [...Depth, 0]>
  : {
    [K in keyof A & string]-?: A[K] extends ((...args: any) => any) | undefined ? never
      : Unsummable<A[K], [...Depth, 0]>
  }[keyof A & string]

export type Summable<Checksum> = [Unsummable<Checksum extends Effect.Effect<infer A, any, any> ? A : Checksum>] extends
  [infer Found extends string] ? [Found] extends [never] ? unknown
  : `the checksum is made of ${Found}, which JSON does not hold: give it JSON values, such as a sorted array`
  : unknown

export type OutsideStep<R> = [Extract<R, InsideStep | InsideCallback>] extends [never] ? unknown
  : "Step is available only in the body of a step"

/** What a callback may ask for. */
export type InCallback<R> = [Extract<R, InsideStep>] extends [never] ? unknown
  : "Step is available only in the body of a step: a callback has Step.start of it, and nothing else"

// Keys of a value that JSON does not give back, for the message.
type Unstorable<B> = B extends ReadonlyArray<any> | Date | ((...args: any) => any) ? "its value"
  : { [K in keyof B]: [B[K]] extends [Storable<B[K]>] ? never : K }[keyof B] extends infer K
    ? [K] extends [string] ? [K] extends [never] ? "its value" : `'${K}'` : "its value"
  : never

/** What a step's body gives, as later steps receive it: the schema's type where there is one. */
export type StepResult<B, S extends PlainSchema> = [S] extends [never] ? Settled<B> : S["Type"]

export type StoredValue<N extends string, B, S extends PlainSchema> = [S] extends [never]
  ? [B] extends [Storable<B>] ? Settled<B> : `${N} is not stored: give the step { result: Schema }`
  : S["Type"]

// The name, or the reason why the step cannot be added. A value that JSON does not hold may be the action's success.
export type CheckedName<N extends string, Results, B, S extends PlainSchema, A extends PlainSchema, P> = N extends
  keyof Results ? `step ${N} is defined twice`
  : [S] extends [never]
  // The compiler looks at the name before it has inferred the body; and of a promise it knows nothing.
    ? unknown extends B ? N
    : IsGiven<P> extends true ? N
    : [B] extends [Storable<B>] ? N
    : [Settled<B>] extends [A["Type"]] ? N
    : `step ${N}: JSON does not hold ${Unstorable<B>}, give the step { result: Schema }`
  : N

// A body whose failures are declared, and whose value fits the result schema if there is one; or the reason why not.
// The compiler looks at these conditions also before it has inferred the body: unknown passes.
export type CheckedBody<Args extends ArgSchemas, Results, B, E, R, S extends PlainSchema, Declared, P> =
  & StepBody<[...ArgTypes<Args>, results: Results], B, E, R, Promise<P>>
  & NoPromise<P>
  & (IsGiven<P> extends true ? unknown
    : unknown extends E ? unknown
    : [E] extends [Declared | InfrastructureError] ? unknown
    : UndeclaredError)
  & FitsResult<B, S, P>

export type FitsResult<B, S extends PlainSchema, P> = IsGiven<P> extends true ? unknown
  : unknown extends B ? unknown
  : [S] extends [never] ? unknown
  : [B] extends [S["Type"]] ? unknown
  : "the body must give what the result schema holds; children settle in steps without one"

// What `Step.once` can keep, or the reason why not.
export type Kept<A, S extends PlainSchema> = unknown extends A ? unknown
  : [S] extends [never] ? [A] extends [Exclude<Storable<A>, Child<any>>] ? unknown
    : "JSON does not hold what it gives: give Step.once { result: Schema }"
  : [A] extends [S["Type"]] ? unknown
  : "it must give what the result schema holds"

export type ErrorsOf<T> = T extends Effect.Effect<any, infer E, any> ? E : never

// Whether a condition gives a truth, or an effect that does and fails as the body may; or the reason why not.
export type CheckedWhen<Asked, Declared> = unknown extends Asked ? unknown
  : IsGiven<Asked> extends false ? unknown
  : [Extract<Asked, Promise<any>>] extends [never] ?
      & ([Asked] extends [boolean | Effect.Effect<boolean, any, any>]
        ? [ErrorsOf<Asked>] extends [Declared | InfrastructureError] ? unknown
        : "when fails with an error that the action does not declare: add it to { error }, or handle it"
        : "when gives true or false, or an effect that does")
      & OutsideStep<Asked extends Effect.Effect<any, any, infer R> ? R : never>
  : PromiseGiven

/** Whether what undoes a step gives an effect, which may fail with whatever it likes; or the reason why not. */
export type CheckedUndo<Undo> = unknown extends Undo ? unknown
  : IsGiven<Undo> extends false ? unknown
  : [Extract<Undo, Promise<any>>] extends [never] ?
    [Undo] extends [Effect.Effect<any, any, any>] ? unknown : "what undoes a step gives an effect"
  : PromiseGiven

type UndeclaredError =
  "the body fails with an error that the action does not declare: add it to { error }, or handle it"

// Whether an action can take a step that is a value, or why not.
export type CheckedUse<
  N extends string,
  Needed extends ReadonlyArray<any>,
  E,
  Name extends string,
  Given extends ReadonlyArray<any>,
  Results,
  Declared,
  R1,
  Listing,
  Performing
> = N extends keyof Results ? `step ${N} is defined twice: take it under another name, with .named`
  : [(...args: Needed) => void] extends [(...args: Given) => void]
    ? [E] extends [Declared | InfrastructureError] ? CheckedSignals<R1, Listing, Performing>
    : `step ${N} fails with an error that ${Name} does not declare: add it to { error }`
  : `step ${N} takes other arguments than ${Name}`

// The signals that something waits for and that these requirements do not list, by their names.
type Unlisted<R, Listed> = R extends Receives<infer S> ? [S] extends [Listed] ? never : S["name"] : never

// The signals among an action's requirements.
type ListedIn<R> = R extends Lists<infer S> ? S : never

/** Whether a body waits only for signals that its action lists, and completes it only where it is outbound; or why it cannot. */
export type CheckedSignals<R1, Listing, Performing> = unknown extends R1 ? unknown
  : [Unlisted<R1, ListedIn<Listing>>] extends [never] ? [Extract<R1, Completes>] extends [never] ? unknown
    : [Performing] extends [Outbound] ? unknown
    : "Step.token gives away the end of an action that is not outbound: it completes by itself, or is { outbound: true }"
  : `the step waits for the signal ${Unlisted<
    R1,
    ListedIn<Listing>
  >}, which the action does not list: add it to { signals }`

// The signals whose error an action does not declare.
type Undeclared<S extends AnySignal, Declared> = S extends AnySignal
  ? [S["error"]["Type"]] extends [Declared] ? never : S["name"]
  : never

/** Whether an action declares the errors of its signals, or why it cannot list them. */
export type CheckedErrors<Signals extends ReadonlyArray<AnySignal>, Declared> =
  [Undeclared<Signals[number], Declared>] extends [never] ? unknown
    : `the signal ${Undeclared<
      Signals[number],
      Declared
    >} may fail with an error that the action does not declare: add it to { error }`

/** The signals that an action lists. */
export type SignalsOf<A extends AnyAction> = ListedIn<Services<A>>

/** Whether an action takes a signal, or why not. */
export type Taking<S extends AnySignal, Listed, Name extends string> = [S] extends [Listed] ? unknown
  : `${Name} does not list the signal ${S["name"]}`

// -------------------------------------------------------------------------------------------------------------------
// lists of actions
// -------------------------------------------------------------------------------------------------------------------

export type Last<A extends AnyAction> = A["~stepped/types"]["last"]
export type Services<A extends AnyAction> = [A] extends [never] ? never
  : A["~stepped/types"]["services"] extends (_: never) => infer R ? R
  : never
export type Named<As extends AnyAction, Name> = Extract<As, { readonly name: Name }>
type OwnedNames<R> = R extends Owns<infer Name> ? Name : never

// The names of the other members of a list.
type OtherNames<As extends ReadonlyArray<AnyAction>, K> = {
  [J in Exclude<keyof As, K> & `${number}`]: As[J] extends AnyAction ? As[J]["name"] : never
}[Exclude<keyof As, K> & `${number}`]

type Unsuffixed<Name> = Name extends `${infer Base}Later` ? Base : Name extends `${infer Base}Now` ? Base : never
type Colliding<Name, Names> = Unsuffixed<Name> & Names & string
type Missing<A extends AnyAction, Names> = Exclude<OwnedNames<Services<A>>, Names> & string

// The action where it passes, otherwise the reason why it does not.
export type Check<A, Others extends string, Names extends string> = A extends AnyAction ? string extends A["name"] ? A
  : A["name"] extends "then" ? "then cannot name an action: its client would be taken for a promise"
  : A["name"] extends "with" ? "with cannot name an action: its client has a method of that name"
  : A["name"] extends "explain" ? "explain cannot name an action: its client has something of that name"
  : A["name"] extends Others ? `${A["name"]} is listed twice`
  : [Colliding<A["name"], Names>] extends [never] ? CheckSteps<A, Names>
  : `${A["name"]} collides with what ${Colliding<A["name"], Names>} has on the client`
  : never

type CheckSteps<A extends AnyAction, Names extends string> = [Missing<A, Names>] extends [never]
  ? [A["success"]["Type"]] extends [void] ? A
  : Last<A> extends Gives<infer Value> ? [Value] extends [A["success"]["Type"]] ? A
    : [Exclude<Value, undefined>] extends [A["success"]["Type"]] ?
      `the last step of ${A["name"]} may give undefined, as one with when or mayFail does, and must return its success`
    : `the last step of ${A["name"]} must return its success`
  : A
  : `${A["name"]} enqueues ${Missing<A, Names>}, which this actor does not have`

// A list whose every member passes.
export type Checked<As extends ReadonlyArray<AnyAction>, Inherited extends string> = {
  readonly [K in keyof As]: Check<As[K], OtherNames<As, K>, As[number]["name"] | Inherited>
}

export type Listed<Name extends string, Names> = Name extends Names ? unknown : `${Name} is not among these actions`

// A prepended step is known by its name.
export type Unlike<Name extends string, A extends AnyAction> = Name extends keyof A["~stepped/types"]["results"]
  ? `${A["name"]} has a step ${Name}`
  : unknown
