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
