/** Actors' ids as the texts that rows hold: a string as it is, anything else as the JSON of the encoded id. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import type { PlainSchema } from "./PlainSchema.ts"

/** How ids of a schema become texts and come back; what does not fit throws a `SchemaError`. */
interface IdText {
  readonly codec: Schema.Codec<unknown, unknown>
  readonly write: (id: unknown) => string
  readonly read: (text: string) => unknown
}

// made once: every action that is enqueued writes its actor's id, and every one that a worker takes up reads it
const known = new WeakMap<PlainSchema, IdText>()

export const idTextOf = (schema: PlainSchema): IdText => {
  const made = known.get(schema)
  if (made !== undefined) return made
  const codec = Schema.toCodecJson(schema) as unknown as Schema.Codec<unknown, unknown>
  const encode = Schema.encodeUnknownSync(codec)
  const read = readingJson(codec)
  const idText: IdText = {
    codec,
    write: (id) => idTextOfJson(encode(id)),
    // a number is never the text itself, and finding that out by failing is dear
    read: SchemaAST.toEncoded(codec.ast)._tag === "Number" ? read : readingEither(codec, read)
  }
  known.set(schema, idText)
  return idText
}

/** An encoded id, as rows hold it. */
export const idTextOfJson = (encoded: unknown): string => {
  if (typeof encoded === "string") return encoded
  return typeof encoded === "object" ? sortedJson(encoded) : JSON.stringify(encoded)
}

const readingEither = (codec: Schema.Codec<unknown, unknown>, readJson: IdText["read"]): IdText["read"] => {
  const fromText = Schema.decodeUnknownResult(codec)
  return (text) => {
    const asText = fromText(text)
    return Result.isSuccess(asText) ? asText.success : readJson(text)
  }
}

/** As the schema of JSON texts reads them, in a fraction of its time where the text is JSON. */
const readingJson = (codec: Schema.Codec<unknown, unknown>): IdText["read"] => {
  const decode = Schema.decodeUnknownSync(codec)
  return (text) => {
    let json: unknown
    try {
      json = JSON.parse(text)
    } catch {
      return Schema.decodeUnknownSync(Schema.fromJsonString(codec))(text)
    }
    return decode(json)
  }
}

const sortedJson = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => a < b ? -1 : 1))
      : inner)
