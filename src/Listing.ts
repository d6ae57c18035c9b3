/**
 * Finding actions, and going through them page by page: queued, live and ended ones.
 *
 * @since 0.1.0
 */
import { Effect, Option } from "effect"
import type { AnyAction, ArgTypes } from "./Action.ts"
import type { ActionFilter, ActionRecord } from "./ActionRecord.ts"
import { ActionRepo } from "./ActionRepo.ts"
import type { ActorRef } from "./Actor.ts"
import { argumentsCodec, codecOf } from "./domain/Codec.ts"
import { encodeActorId } from "./engine/invoke/invocation.ts"
import type { Listing, Page } from "./Page.ts"
import type { InvalidActorId, InvalidQuery, StorageError } from "./SteppedError.ts"
import { conditions, type Fields, knownOnly } from "./store/strictly.ts"

// -------------------------------------------------------------------------------------------------------------------
// models
// -------------------------------------------------------------------------------------------------------------------

/**
 * A stored action of a known definition.
 *
 * @category models
 * @since 0.1.0
 */
export interface TypedRecord<A extends AnyAction> extends ActionRecord {
  /** Its arguments, decoded; none where they are forgotten, or the definition does not read what is stored, as after a deploy. */
  readonly given: Option.Option<ArgTypes<A["arguments"]>>
  /** Its success, decoded; none of one that has not succeeded, where it is forgotten, and where the definition does not read it. */
  readonly success: Option.Option<A["success"]["Type"]>
}

/**
 * What to list; all of it has to be so.
 *
 * @category models
 * @since 0.1.0
 */
export interface ListFilter extends Omit<ActionFilter, "actorType" | "actorId" | "name" | "limit" | "after" | "brief"> {
  /** Of whom. */
  readonly actor?: ActorRef | undefined
  /** Actions of this name; the records are typed by it, and whose name it is without an actor is not asked. */
  readonly action?: AnyAction | undefined
}

// -------------------------------------------------------------------------------------------------------------------
// finding
// -------------------------------------------------------------------------------------------------------------------

const { actorId: _id, actorType: _type, after: _after, brief: _brief, limit: _limit, name: _name, ...others } =
  conditions
const filterFields: Fields<ListFilter> = { actor: true, action: true, ...others }
const pageFields: Fields<Page> = { limit: true, after: true }

const ifRead = <A>(decoded: Effect.Effect<unknown, unknown>): Effect.Effect<Option.Option<A>> =>
  Effect.map(Effect.option(decoded), (value) => value as Option.Option<A>)

/**
 * A stored action as its definition reads it.
 *
 * @internal
 */
export const typed = <A extends AnyAction>(action: A, record: ActionRecord): Effect.Effect<TypedRecord<A>> =>
  Effect.gen(function*() {
    const { arguments: args, success } = action.definition
    return {
      ...record,
      given: record.forgotten === "whole" ? Option.none() : yield* ifRead<ArgTypes<A["arguments"]>>(
        Effect.suspend(() => argumentsCodec(args).decode(record.arguments as ReadonlyArray<unknown>))
      ),
      success: record.status === "succeeded" && !(record.forgotten !== undefined && record.result === null)
        ? yield* ifRead<A["success"]["Type"]>(Effect.suspend(() => codecOf(success).decode(record.result)))
        : Option.none()
    }
  })

/**
 * Finds an action by its id: queued, live or ended.
 *
 * **Details**
 *
 * With an action it finds that one alone, typed: nothing, if the id is that of another action.
 *
 * @category finding
 * @since 0.1.0
 */
export const find: {
  (id: string): Effect.Effect<Option.Option<ActionRecord>, StorageError, ActionRepo>
  <A extends AnyAction>(action: A, id: string): Effect.Effect<Option.Option<TypedRecord<A>>, StorageError, ActionRepo>
} = (
  ...args: readonly [id: string] | readonly [action: AnyAction, id: string]
): Effect.Effect<Option.Option<any>, StorageError, ActionRepo> => {
  const [action, id] = args.length === 1 ? [undefined, args[0]] : args
  return Effect.flatMap(
    ActionRepo,
    (repo) =>
      Effect.flatMap(
        repo.find(id),
        (found): Effect.Effect<Option.Option<ActionRecord>> =>
          action === undefined || Option.isNone(found)
            ? Effect.succeed(found)
            : found.value.name === action.name
            ? Effect.asSome(typed(action, found.value))
            : Effect.succeedNone
      )
  )
}

/**
 * Goes through actions, page by page, newest first.
 *
 * **Details**
 *
 * A page goes on where the one before has ended, whatever is enqueued, begins and ends meanwhile: no action is on two pages, and none is left
 * out that was there from the beginning to the end.
 *
 * **Gotchas**
 *
 * A page looks through 100,000 actions at most: where what is asked for is rare, it may hold fewer than `limit`, or nothing, and `lookedUntil` says how far it came. As long as there is a `next`, there
 * may be more. Ids lead to what is asked for by time, an index to tags and to what was started, and, once it is built (`stepped migrate up --search`), to the actions of an actor and of a name.
 *
 * **Example** (What has failed in a night)
 *
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Stepped } from "stepped"
 *
 * const close = Stepped.action("close", { arguments: [Schema.String] }).step((month) => Effect.log(`closes ${month}`))
 *
 * const report = Effect.fn(function*(since: Date) {
 *   let after: string | undefined
 *   do {
 *     const page = yield* Stepped.list({ action: close, tag: "nightly", statuses: ["failed"], since }, { after })
 *     for (const { actorId, cause } of page.items) yield* Effect.log(`account ${actorId}: ${cause?.message}`)
 *     after = page.next
 *   } while (after !== undefined)
 * })
 * ```
 *
 * @category finding
 * @since 0.1.0
 */
export const list: {
  <A extends AnyAction>(
    filter: ListFilter & { readonly action: A },
    page?: Page
  ): Effect.Effect<Listing<TypedRecord<A>>, StorageError | InvalidQuery | InvalidActorId, ActionRepo>
  (
    filter?: ListFilter,
    page?: Page
  ): Effect.Effect<Listing<ActionRecord>, StorageError | InvalidQuery | InvalidActorId, ActionRepo>
} = (
  given: ListFilter = {},
  asked: Page = {}
): Effect.Effect<Listing<any>, StorageError | InvalidQuery | InvalidActorId, ActionRepo> =>
  Effect.gen(function*() {
    yield* knownOnly("Stepped.list", given, filterFields)
    yield* knownOnly("Stepped.list", asked, pageFields)
    const { action, actor, ...filter } = given
    const { after, limit } = asked
    const repo = yield* ActionRepo
    const page = yield* repo.page({
      ...filter,
      ...action === undefined ? {} : { name: action.name },
      ...actor === undefined ? {} : { actorType: actor.type, actorId: yield* encodeActorId(actor) },
      ...after === undefined ? {} : { after },
      ...limit === undefined ? {} : { limit }
    })
    return action === undefined
      ? page
      : { ...page, items: yield* Effect.forEach(page.items, (record) => typed(action, record)) }
  })
