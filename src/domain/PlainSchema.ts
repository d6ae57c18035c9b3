import type * as Schema from "effect/Schema"

/**
 * A schema that needs no services to encode or decode, so that a client's effects need nothing further.
 *
 * @category models
 * @since 0.1.0
 */
export interface PlainSchema extends Schema.Top {
  readonly DecodingServices: never
  readonly EncodingServices: never
}
