/** Whether what is stored is what a test expects: of what is encrypted, which is another text each time, it is read to know that. */
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import { canonicalText } from "../domain/canonicalText.ts"
import type { JsonCodec } from "../domain/Codec.ts"

/** As the database gives it back. */
const asStored = (json: unknown): unknown => JSON.parse(JSON.stringify(json ?? null))

/** Of values of one codec: an expected one with its JSON, and one as it is stored, of which nothing need be readable. */
export const isSameJson = (
  codec: JsonCodec,
  wanted: unknown,
  encoded: unknown,
  stored: unknown
): Effect.Effect<boolean> =>
  Effect.gen(function*() {
    if (!codec.isEncrypting) return Equal.equals(stored, asStored(encoded))
    const read = yield* Effect.exit(codec.decode(stored))
    return read._tag === "Success" &&
      canonicalText(yield* codec.identify(read.value, stored)) === canonicalText(yield* codec.identify(wanted, encoded))
  })
