/**
 * Encryption at rest: schemas whose values are stored encrypted, with keys that only the program has.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { webcrypto } from "node:crypto"
import { canonicalText } from "./domain/canonicalText.ts"
import { toldAnyway } from "./domain/discreet.ts"
import { Digesting, sealed as sealedText } from "./domain/Encrypted.ts"
import type { PlainSchema } from "./domain/PlainSchema.ts"
import { DefinitionError } from "./SteppedError.ts"

// -------------------------------------------------------------------------------------------------------------------
// models
// -------------------------------------------------------------------------------------------------------------------

/**
 * A key that values are encrypted with.
 *
 * @category models
 * @since 0.1.0
 */
export interface EncryptionKey {
  /** Stands before what is encrypted with it, so that the key is known that opens it: 1 to 32 letters, digits, `_` and `-`. */
  readonly name: string
  /** 32 bytes of chance as base64: `openssl rand -base64 32`. */
  readonly secret: Redacted.Redacted<string>
}

/**
 * How values are encrypted.
 *
 * @category models
 * @since 0.1.0
 */
export interface EncryptionOptions {
  /** The name of the key that digests are made with, by which the same is told from something else: the last one, if not given. Keep it while keys change. */
  readonly digestKey?: string
}

/**
 * Schemas whose values are stored encrypted.
 *
 * @category models
 * @since 0.1.0
 */
export interface Encryption {
  /**
   * The same values, stored encrypted, as one text each. `field` says what it is, such as `Order.card`: 1 to 100 letters, digits, `_`, `.` and `-`. A text that was
   * stored for one field opens for no other, so two fields have two names, and a field keeps its name.
   */
  readonly encrypted: <S extends PlainSchema>(field: string, schema: S) => Encrypted<S>
}

/**
 * A schema whose values are stored encrypted.
 *
 * @category models
 * @since 0.1.0
 */
export type Encrypted<S extends PlainSchema> = Schema.Codec<S["Type"], string>

// -------------------------------------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------------------------------------

/**
 * Encrypts with keys: what {@link Encryption.encrypted} wraps is stored so that only these open it.
 *
 * **Details**
 *
 * The first key encrypts, and all of them open. To change keys, deploy the new one everywhere behind the first, with `digestKey` for the one that was the last, then put it first, and take the old one away once nothing is stored any more that
 * it has encrypted: a schedule that a program declares is stored anew by that, and one that was put as a row when it is put once more. Each value is encrypted by AES-256-GCM (Web Crypto) with a nonce of its own, 96 bits of chance, and with the names of its key and of its field as additional
 * data. What is stored was altered, is another field's, or was encrypted with a key that is not there, does not decode: it fails as whatever else does not fit its schema, with the
 * error of its place (`InvalidArguments`, `IncompatibleResult`, `IncompatibleSignal`), which says nothing of the value.
 *
 * Stored is a text of `4/3 × (bytes of the JSON + 28)` characters, 10 more, and those of the key's name: it counts against `payloadLimit`, so that a value of 785,000 bytes as JSON fits
 * into the limit of 1 MiB. Keys of lanes, checksums, tenants and timeouts are made of values as programs have them, as ever. Where the same has to be told from something else (an idempotency
 * key, a repeated completion or signal, a child that a further attempt asks for), a digest by key stands for the value: HMAC with SHA-256 by one key, `digestKey`, so that a new
 * first one changes nothing.
 *
 * **Gotchas**
 *
 * A key is good for four billion values: change it before. Throws a `DefinitionError` where a key or a field cannot be used. Ids of actors, keys of lanes, tags and messages are in clear: they are no place for a secret.
 *
 * **Example** (A card that the database never sees)
 *
 * ```ts
 * import { Effect, Redacted, Schema } from "effect"
 * import { Stepped } from "stepped"
 *
 * const { encrypted } = Stepped.encryption([
 *   { name: "2026", secret: Redacted.make(process.env.STORED_2026!) },
 *   { name: "2025", secret: Redacted.make(process.env.STORED_2025!) }
 * ])
 * const Card = encrypted("Order.card", Schema.Struct({ number: Schema.Redacted(Schema.String), expires: Schema.String }))
 *
 * const pay = Stepped.action("pay", { arguments: [Card, Schema.Int], success: encrypted("Order.receipt", Schema.String) })
 *   .step((_card, amount) => Effect.succeed(`paid ${amount}`))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const encryption = (keys: ReadonlyArray<EncryptionKey>, options: EncryptionOptions = {}): Encryption => {
  const opened = keysOf(keys, options.digestKey)
  return {
    encrypted: (field, schema) => {
      if (!/^[\w.-]{1,100}$/.test(field)) {
        throw refused(`the field ${JSON.stringify(field)}`, "is named by 1 to 100 letters, digits, _, . and -")
      }
      return wrap(opened, field, schema)
    }
  }
}

// -------------------------------------------------------------------------------------------------------------------
// keys
// -------------------------------------------------------------------------------------------------------------------

interface OpenKey {
  readonly name: string
  readonly cipher: Promise<webcrypto.CryptoKey>
  readonly mac: Promise<webcrypto.CryptoKey>
}

interface OpenKeys {
  readonly all: ReadonlyMap<string, OpenKey>
  readonly first: OpenKey
  readonly digests: OpenKey
}

const refused = (what: string, rule: string) => new DefinitionError({ message: `Stepped.encryption: ${what} ${rule}` })

const secretBytes = 32

const utf8 = new TextEncoder()
const { subtle } = webcrypto

/** Nothing of a secret is said. */
const keysOf = (keys: ReadonlyArray<EncryptionKey>, digestKey: string | undefined): OpenKeys => {
  const opened = keys.map(({ name, secret }): OpenKey => {
    const key = `the key ${JSON.stringify(name)}`
    if (!/^[\w-]{1,32}$/.test(name)) throw refused(key, "is named by 1 to 32 letters, digits, _ and -")
    const bytes = Buffer.from(Redacted.value(secret), "base64")
    if (bytes.length !== secretBytes) {
      throw refused(key, `has ${bytes.length} bytes: give ${secretBytes} as base64, as of openssl rand -base64 32`)
    }
    const base = subtle.importKey("raw", bytes, "HKDF", false, ["deriveKey"])
    const derived = (
      info: string,
      algorithm: webcrypto.AesDerivedKeyParams | webcrypto.HmacImportParams,
      uses: ReadonlyArray<webcrypto.KeyUsage>
    ) =>
      base.then((base) =>
        subtle.deriveKey(
          { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: utf8.encode(info) },
          base,
          algorithm,
          false,
          uses
        )
      )
    return {
      name,
      cipher: derived("stepped aes-256-gcm", { name: "AES-GCM", length: 256 }, ["encrypt", "decrypt"]),
      mac: derived("stepped hmac-sha-256", { name: "HMAC", hash: "SHA-256", length: 256 }, ["sign"])
    }
  })
  const all = new Map(opened.map((key) => [key.name, key]))
  if (all.size < opened.length) throw refused("two keys", "have one name")
  const first = opened[0]
  if (first === undefined) throw refused("no keys", "are given: the first one encrypts")
  const digests = digestKey === undefined ? opened.at(-1)! : all.get(digestKey)
  if (digests === undefined) throw refused(`digestKey ${JSON.stringify(digestKey)}`, "names none of the keys")
  return { all, first, digests }
}

// -------------------------------------------------------------------------------------------------------------------
// texts
// -------------------------------------------------------------------------------------------------------------------

/** What stored texts begin with: a later form has another one. */
const form = "stepped1"
const nonceBytes = 12
const tagBytes = 16

const boundTo = (key: string, field: string) => utf8.encode(`${form}.${key}.${field}`)

const seal = async ({ cipher, name }: OpenKey, field: string, text: string): Promise<string> => {
  const nonce = webcrypto.getRandomValues(new Uint8Array(nonceBytes))
  const sealed = await subtle.encrypt(
    { name: "AES-GCM", iv: nonce, additionalData: boundTo(name, field) },
    await cipher,
    utf8.encode(text)
  )
  return `${form}.${name}.${Buffer.concat([nonce, new Uint8Array(sealed)]).toString("base64url")}`
}

/** The text again; undefined where nothing opens it. */
const open = async ({ all }: OpenKeys, field: string, sealed: string): Promise<string | undefined> => {
  const [, name, data] = /^stepped1\.([\w-]{1,32})\.([\w-]+)$/.exec(sealed) ?? []
  const key = name === undefined ? undefined : all.get(name)
  if (key === undefined || data === undefined) return undefined
  const bytes = Buffer.from(data, "base64url")
  // another text of the same bytes is no text that was stored
  if (bytes.length < nonceBytes + tagBytes || bytes.toString("base64url") !== data) return undefined
  const parameters = {
    name: "AES-GCM",
    iv: bytes.subarray(0, nonceBytes),
    additionalData: boundTo(key.name, field)
  }
  const text = await subtle.decrypt(parameters, await key.cipher, bytes.subarray(nonceBytes)).catch(() => undefined)
  return text === undefined ? undefined : new TextDecoder().decode(text)
}

const digest = async ({ digests: { mac } }: OpenKeys, field: string, json: unknown): Promise<string> => {
  const sum = await subtle.sign("HMAC", await mac, utf8.encode(`${field}\n${canonicalText(json)}`))
  return `${form}.digest.${Buffer.from(sum).toString("base64url")}`
}

// -------------------------------------------------------------------------------------------------------------------
// schemas
// -------------------------------------------------------------------------------------------------------------------

const wrap = <S extends PlainSchema>(keys: OpenKeys, field: string, schema: S): Encrypted<S> => {
  const json = Schema.toCodecJson(schema)
  const encode = Schema.encodeUnknownEffect(json)
  const decode = Schema.decodeUnknownEffect(json)
  // whoever reads the message has no business with the value
  const issue = (message: string) => toldAnyway(`${field} ${message}`)
  return sealedText(field).pipe(Schema.decodeTo(
    Schema.toType(schema) as unknown as Schema.Codec<S["Type"]>,
    SchemaTransformation.transformEffect<S["Type"], string>({
      decode: (sealed) =>
        Effect.flatMap(
          Effect.promise(() => open(keys, field, sealed)),
          (text) =>
            text === undefined
              ? Effect.fail(issue("is not what one of the keys has encrypted for it"))
              : Effect.mapError(
                decode(JSON.parse(text)),
                () => issue("was decrypted, and does not fit its schema")
              ) as Effect.Effect<S["Type"], SchemaIssue.Issue>
        ),
      encode: (value) =>
        Effect.flatMap(
          Effect.mapError(encode(value), () => issue("does not fit its schema")),
          (encoded) =>
            Effect.flatMap(Digesting, (isDigest) =>
              Effect.promise(() =>
                isDigest ? digest(keys, field, encoded) : seal(keys.first, field, JSON.stringify(encoded) ?? "null")
              ))
        )
    })
  ))
}
