/** JSON as it is stored, for who prints it. */
import * as PgTypes from "@effect/sql-pg/PgTypes"
import { Result } from "effect"
import { exact } from "../domain/exact.ts"

const jsonCodec = (start: number): PgTypes.Codec<unknown> => ({
  encode: (value) => {
    const text = new TextEncoder().encode(JSON.stringify(value))
    return Result.succeed(start === 0 ? text : new Uint8Array([1, ...text]))
  },
  decode: (bytes) => Result.succeed(exact(new TextDecoder().decode(bytes.subarray(start))))
})

/** Types of a client that reads JSON as it is stored, to print it. */
export const exactTypes = (): PgTypes.Registry => {
  const types = PgTypes.makeRegistry()
  types.register(PgTypes.OID.json, jsonCodec(0), { arrayOid: PgTypes.arrayOidFor(PgTypes.OID.json) })
  // jsonb has a version byte before its text
  types.register(PgTypes.OID.jsonb, jsonCodec(1), { arrayOid: PgTypes.arrayOidFor(PgTypes.OID.jsonb) })
  return types
}
