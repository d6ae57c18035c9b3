/**
 * Actors: who acts. An actor is a class with a type and ids of one schema; inside a step `yield* Car` is the current
 * one.
 *
 * @since 0.1.0
 */
import {
  Cause,
  Context,
  Effect,
  Equal,
  Formatter,
  Hash,
  Option,
  Result,
  Schema,
  SchemaIssue,
  SchemaTransformation
} from "effect"
import { isOwnSchema, oneCopy } from "./domain/copies.ts"
import { idTextOf } from "./domain/IdText.ts"
import type { PlainSchema } from "./domain/PlainSchema.ts"
import { reservedFor } from "./domain/reserved.ts"
import { ActorNotFound, DefinitionError } from "./SteppedError.ts"

// -------------------------------------------------------------------------------------------------------------------
// models
// -------------------------------------------------------------------------------------------------------------------

export type { PlainSchema }

/**
 * One actor: its type and its id.
 *
 * **Details**
 *
 * `Car.ref(1)` makes one. References are equal by type and id, print as `Car/1`, and travel as arguments through
 * `Car.reference`. An id that the actor's schema refuses is found out where the reference is used, as an `InvalidActorId`.
 *
 * @category models
 * @since 0.1.0
 */
export class ActorRef<out Type extends string = string, out Id = unknown> implements Equal.Equal {
  readonly type: Type
  readonly id: Id
  readonly #actor: AnyActorClass

  /** @internal */
  constructor(actor: AnyActorClass, type: Type, id: Id) {
    this.type = type
    this.id = id
    this.#actor = actor
  }

  /** @internal */
  static actorOf(ref: ActorRef): AnyActorClass {
    return ref.#actor
  }

  [Equal.symbol](that: unknown): boolean {
    return that instanceof ActorRef && that.type === this.type && Equal.equals(that.id, this.id)
  }

  [Hash.symbol](): number {
    return Hash.combine(Hash.string(this.type), Hash.hash(this.id))
  }

  toString(): string {
    return `${this.type}/${printedId(this.#actor, this.id)}`
  }

  toJSON(): unknown {
    return { type: this.type, id: this.id }
  }
}

/**
 * The schema of references to actors of one type, for use among an action's arguments.
 *
 * @category models
 * @since 0.1.0
 */
export interface ActorReference<Type extends string, Id extends PlainSchema>
  extends Schema.Codec<ActorRef<Type, Id["Type"]>, { readonly type: string; readonly id: unknown }>
{
  readonly Rebuild: ActorReference<Type, Id>
}

/**
 * What every actor class has, whatever its types.
 *
 * @category models
 * @since 0.1.0
 */
export interface AnyActorClass extends Context.Key<any, any> {
  readonly type: string
  readonly idSchema: PlainSchema
  /** The actor class that this one extends. */
  readonly parent: AnyActorClass | undefined
  readonly ref: (id: any) => ActorRef
  /** @internal */
  readonly descendants: Map<string, AnyActorClass>
}

/**
 * An actor class: the service tag of the current actor, and the place to make references to others.
 *
 * @category models
 * @since 0.1.0
 */
export interface ActorClass<in out Self, Type extends string, Id extends PlainSchema>
  extends Context.ServiceClass<Self, `stepped/Actor/${Type}`, ActorRef<Type, Id["Type"]>>
{
  readonly type: Type
  readonly idSchema: Id
  /** The actor class that this one extends. */
  readonly parent: AnyActorClass | undefined
  /** Refers to the actor with this id. */
  readonly ref: (id: Id["Type"]) => ActorRef<Type, Id["Type"]>
  /** The schema of references to actors of this type, as in `arguments: [Car.reference]`. */
  readonly reference: ActorReference<Type, Id>
  /** @internal */
  readonly descendants: Map<string, AnyActorClass>
}

/**
 * What a loader's value is once the actor exists: options are opened, `null` and `undefined` are gone.
 *
 * @category models
 * @since 0.1.0
 */
export type LoadedRow<A> = A extends Option.Option<infer B> ? B : A extends null | undefined ? never : A

/**
 * An actor class with a loader.
 *
 * @category models
 * @since 0.1.0
 */
export interface LoadedActorClass<in out Self, Type extends string, Id extends PlainSchema, A, E, R>
  extends ActorClass<Self, Type, Id>
{
  /** Loads the current actor's row, fresh each time. */
  readonly row: Effect.Effect<LoadedRow<A>, ActorNotFound | Exclude<E, Cause.NoSuchElementError>, R | Self>
}

/**
 * Makes actor classes; see {@link Actor}.
 *
 * @category models
 * @since 0.1.0
 */
export interface ActorConstructor<Self> {
  <const Type extends string, Id extends PlainSchema>(
    type: Type,
    options: { readonly id: Id; readonly extends?: ActorClass<any, any, Id>; readonly load?: undefined }
  ): ActorClass<Self, Type, Id>
  <const Type extends string, Id extends PlainSchema, A, E, R>(
    type: Type,
    options: {
      readonly id: Id
      readonly extends?: ActorClass<any, any, Id>
      readonly load: (id: Id["Type"]) => Effect.Effect<A, E, R>
    }
  ): LoadedActorClass<Self, Type, Id, A, E, R>
  <const Type extends string, Id extends PlainSchema>(
    type: Type,
    options: { readonly id?: undefined; readonly extends: ActorClass<any, any, Id>; readonly load?: undefined }
  ): ActorClass<Self, Type, Id>
  <const Type extends string, Id extends PlainSchema, A, E, R>(
    type: Type,
    options: {
      readonly id?: undefined
      readonly extends: ActorClass<any, any, Id>
      readonly load: (id: Id["Type"]) => Effect.Effect<A, E, R>
    }
  ): LoadedActorClass<Self, Type, Id, A, E, R>
}

// -------------------------------------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------------------------------------

/**
 * Defines a type of actor, as the base of a class.
 *
 * **Details**
 *
 * `load` reads the actor's own row: `yield* Car.row` inside a step gives it, fresh each time. A loader that gives
 * `null`, `undefined` or `Option.none()`, or fails with `NoSuchElementError` as a `SqlModel` repository's `findById`
 * does, means {@link ActorNotFound}. With `extends`, the actor inherits the parent's ids, and its actions through
 * `Cars.extend(Van, [...])`; inside the parent's step bodies the parent's tag then gives the inheriting actor.
 *
 * **Gotchas**
 *
 * Ids are stored as text: strings as they are, everything else as the JSON of the encoded id. A schema that accepts
 * both `"1"` and `1` makes one actor of them.
 *
 * **Example** (Defining an actor)
 *
 * ```ts
 * import { Schema } from "effect"
 * import { Stepped } from "stepped"
 *
 * class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
 *
 * const first = Car.ref(1)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const Actor = <Self = never>(): [Self] extends [never]
  ? (missing: "name the class: class Car extends Stepped.Actor<Car>()(…) {}", ...args: ReadonlyArray<never>) => never
  : ActorConstructor<Self> => makeActor as any

interface ActorOptions {
  readonly id?: PlainSchema | undefined
  readonly extends?: AnyActorClass | undefined
  readonly load?: ((id: any) => Effect.Effect<unknown, unknown, unknown>) | undefined
}

const makeActor = (type: string, options: ActorOptions): unknown => {
  const whose = reservedFor(type)
  if (whose !== undefined) throw new DefinitionError({ message: `${type} cannot name an actor: ${whose}` })
  return actorOf(type, options)
}

/**
 * The same for the engine's own, whose name no other has.
 *
 * @internal
 */
export const engineActor = <Self>(): ActorConstructor<Self> => actorOf as any

const actorOf = (type: string, options: ActorOptions): unknown => {
  checkName("actor", type)
  const parent = options.extends
  const idSchema = options.id ?? parent?.idSchema
  if (idSchema === undefined) throw new DefinitionError({ message: `The actor ${type} needs an id schema` })
  checkCopy(type, "id", idSchema)
  const Tag = Context.Service<any, ActorRef>()(`stepped/Actor/${type}`)
  const actor: AnyActorClass = Object.assign(Tag, {
    type,
    idSchema,
    parent,
    descendants: new Map<string, AnyActorClass>(),
    ref: (id: unknown) => new ActorRef(actor, type, id)
  })
  for (let ancestor = parent; ancestor !== undefined; ancestor = ancestor.parent) ancestor.descendants.set(type, actor)
  const row = options.load === undefined ? {} : { row: makeRow(actor, options.load) }
  return Object.assign(actor, { reference: makeReference(actor) }, row)
}

const makeRow = (
  actor: AnyActorClass,
  load: (id: any) => Effect.Effect<unknown, unknown, unknown>
): Effect.Effect<unknown, unknown, unknown> =>
  Effect.flatMap(actor, (ref: ActorRef) => {
    const missing = () => Effect.fail(new ActorNotFound({ actor: ref.type, id: printedId(actor, ref.id) }))
    return Effect.matchEffect(load(ref.id), {
      onFailure: (error) => Cause.isNoSuchElementError(error) ? missing() : Effect.fail(error),
      onSuccess: (row) => {
        const found = Option.isOption(row) ? Option.getOrUndefined(row) : row
        return found === null || found === undefined ? missing() : Effect.succeed(found)
      }
    })
  })

// A reference travels with its own type, which may be a descendant's: a Car's step body that runs on a Van passes the
// van on.
const makeReference = (actor: AnyActorClass): Schema.Top => {
  const classOf = (type: string) => type === actor.type ? actor : actor.descendants.get(type)
  const isReference = (u: unknown): u is ActorRef => u instanceof ActorRef && classOf(u.type) !== undefined
  const { codec } = idTextOf(actor.idSchema)
  const decodeId = Schema.decodeUnknownResult(codec)
  const encodeId = Schema.encodeUnknownResult(codec)
  return Schema.Struct({ type: Schema.String, id: Schema.Json }).pipe(
    Schema.decodeTo(
      Schema.declare(isReference, { identifier: `${actor.type}Reference`, title: `a reference to a ${actor.type}` }),
      SchemaTransformation.transformEffect({
        decode: ({ id, type }: { readonly id: Schema.Json; readonly type: string }, options) => {
          const found = classOf(type)
          if (found === undefined) {
            return Effect.fail(new SchemaIssue.InvalidValue({ message: `${type} is no ${actor.type}` }, type, options))
          }
          return Effect.fromResult(Result.mapBoth(decodeId(id), {
            onFailure: (error) => error.issue,
            onSuccess: (decoded) => found.ref(decoded)
          }))
        },
        encode: (ref: ActorRef) =>
          Effect.fromResult(Result.mapBoth(encodeId(ref.id), {
            onFailure: (error) => error.issue,
            onSuccess: (id) => ({ type: ref.type, id: id as Schema.Json })
          }))
      })
    )
  )
}

// -------------------------------------------------------------------------------------------------------------------
// ids as text
// -------------------------------------------------------------------------------------------------------------------

/**
 * Gives an actor's id as text: a string as it is, anything else as the JSON of the encoded id.
 *
 * **Gotchas**
 *
 * Throws a `SchemaError` when the id does not fit the schema.
 *
 * @category ids
 * @since 0.1.0
 */
export const actorId = (actor: AnyActorClass, id: unknown): string => idTextOf(actor.idSchema).write(id)

/** An id for people: what names no actor can be printed all the same, since errors and logs speak of it. */
const printedId = (actor: AnyActorClass, id: unknown): string => {
  try {
    return actorId(actor, id)
  } catch {
    return Formatter.format(id)
  }
}

/**
 * Reads an actor's id back from its text form.
 *
 * **Gotchas**
 *
 * Throws a `SchemaError` when the text is no id of this actor.
 *
 * @category ids
 * @since 0.1.0
 */
export const decodeActorId = (actor: AnyActorClass, text: string): unknown => idTextOf(actor.idSchema).read(text)

/**
 * Whether this is a name of something that is defined.
 *
 * @internal
 */
export const isName = (name: string): boolean => /^[A-Za-z_][\w.-]*$/.test(name) && name.length <= 100

/**
 * What names are made of, in words.
 *
 * @internal
 */
export const nameRule =
  "a letter or an underscore, then letters, digits, underscores, dots and hyphens, 100 characters at most"

/**
 * Throws when a definition's name could be mistaken for something else in a key, a path or a URL.
 *
 * @internal
 */
export const checkName = (
  kind: "actor" | "action" | "step" | "callback" | "queue" | "lane" | "signal",
  name: string
): void => {
  if (isName(name)) return
  throw new DefinitionError({
    message: `${JSON.stringify(name)} cannot name ${kind.startsWith("a") ? "an" : "a"} ${kind}: use ${nameRule}`
  })
}

/**
 * Throws when a definition's schema, or a part of it, was made by another copy of `effect`.
 *
 * @internal
 */
export const checkCopy = (name: string, field: string, schema: PlainSchema): void => {
  if (isOwnSchema(schema)) return
  throw new DefinitionError({
    message:
      `${name}: the schema of ${field} was made by another copy of effect than the one that stepped uses. ${oneCopy}`
  })
}

/**
 * Throws where a schema does not say how its values become JSON: types do not tell `Schema.instanceOf(Map)` from `Schema.Date`, and nothing of
 * a `Map` could be stored.
 *
 * @internal
 */
export const checkCodec = (name: string, field: string, schema: PlainSchema): void => {
  checkCopy(name, field, schema)
  const { ast } = schema
  const { annotations, encoding } = ast
  if (ast._tag !== "Declaration" || encoding !== undefined) return
  if (annotations?.toCodecJson !== undefined || annotations?.toCodec !== undefined) return
  throw new DefinitionError({
    message: `${name}: the schema of ${field} says nothing of how its values become JSON: use one that does, such as ` +
      "Schema.ReadonlyMap for a Map, or give Schema.declare the annotation toCodecJson"
  })
}
