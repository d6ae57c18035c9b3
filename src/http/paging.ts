/** Lists page by page: how they are asked for, and answered. */
import * as Schema from "effect/Schema"

/** How much a page holds at most. */
export const pageMost = 1000

/** How much it holds, if nothing is said. */
export const pageOtherwise = 50

export const Limit = Schema.optional(
  Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: pageMost }))
)

export const page = <Item extends Schema.Top, Cursor extends Schema.Top>(item: Item, cursor: Cursor) =>
  Schema.Struct({
    items: Schema.Array(item),
    /** `after` of the next page; null after the last. */
    next: Schema.optional(cursor)
  })

/** What tells a lane from all others, in their order: its name, if it has one, and its key. */
export const LaneCursor = Schema.fromJsonString(Schema.Tuple([Schema.NullOr(Schema.String), Schema.String]))

export const laneCursor = ({ key, name }: { readonly key: string; readonly name?: string | undefined }): string =>
  JSON.stringify([name ?? null, key] satisfies typeof LaneCursor.Type)

/** The same of versions of definitions: when it was first seen, in ms, since the newest ones come first. */
export const DefinitionCursor = Schema.fromJsonString(
  Schema.Tuple([Schema.String, Schema.String, Schema.Int, Schema.String])
)

export const definitionCursor = ({ actorType, firstSeen, hash, name }: {
  readonly actorType: string
  readonly name: string
  readonly firstSeen: Date
  readonly hash: string
}): string => JSON.stringify([actorType, name, firstSeen.getTime(), hash] satisfies typeof DefinitionCursor.Type)
