/** Definitions as data, for who does not have the program (`Catalogue.ts`). A schema of which nothing can be said is opaque, and stops nobody. */
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import { createHash } from "node:crypto"
import type { DefinitionDescription, SchemaDescription, StepDescription } from "../Catalogue.ts"
import { fingerprintOf } from "../domain/Codec.ts"
import { partsOf } from "../domain/partsOf.ts"
import type { PlainSchema } from "../domain/PlainSchema.ts"
import { isRedacted, isSecret } from "../domain/secrets.ts"
import { isStorable } from "../domain/storable.ts"
import type { Described } from "../store/Announcement.ts"
import type { Runnable, RunnableStep } from "./Runnable.ts"

/** Bytes of what is said of one definition; one with more says nothing of its schemas. */
const limit = 256 * 1024

const known = new WeakMap<Runnable, Described>()

/** Made once. */
export const describe = (runnable: Runnable): Described => {
  const before = known.get(runnable)
  if (before !== undefined) return before
  let description = definitionOf(runnable, schemaOf)
  let text = JSON.stringify(description)
  if (text.length > limit || !isStorable(text)) {
    description = definitionOf(runnable, opaque)
    text = JSON.stringify(description)
  }
  const hash = createHash("sha256").update(text).digest("base64url").slice(0, 22)
  const described = { key: runnable.key, hash, description }
  known.set(runnable, described)
  return described
}

const definitionOf = (
  runnable: Runnable,
  of: (schema: PlainSchema) => SchemaDescription
): DefinitionDescription => {
  const { callbacks, definition, steps } = runnable
  const { compensate, outbound, replays, signals, timeout, unanswered, undoing } = definition
  const statuses = new Set(callbacks.flatMap((callback) => callback.statuses))
  return {
    actorId: of(runnable.actor.idSchema),
    arguments: replays === undefined ? definition.arguments.map(of) : [of(replays.payload)],
    success: of(replays === undefined ? definition.success : replays.exit),
    error: of(definition.error),
    signals: signals.map(({ error, name, payload }) => ({ name, payload: of(payload), error: of(error) })),
    steps: steps.map((step) => stepOf(step, of)),
    queue: definition.queue,
    timeoutMs: timeout === undefined || typeof timeout === "function" ? null : Duration.toMillis(timeout),
    heartbeatTimeoutMs: definition.heartbeatTimeout ?? null,
    achievementTtlMs: definition.achievementTtl ?? null,
    version: definition.version ?? null,
    options: given({
      outbound,
      job: definition.job,
      before: definition.before,
      timeout: typeof timeout === "function",
      checksum: definition.checksum,
      checksumKey: definition.checksumKey,
      concurrencyKey: definition.concurrencyKey,
      concurrency: definition.concurrency,
      fairBy: definition.fairBy,
      compensate,
      compensateWhen: undoing?.when,
      ...unanswered,
      skippable: runnable.nothing !== undefined,
      ...Object.fromEntries([...statuses].sort().map((status) => [status, true]))
    })
  }
}

const stepOf = (
  { kind, name, policy, result, transactional }: RunnableStep,
  of: (schema: PlainSchema) => SchemaDescription
): StepDescription => ({
  name,
  kind,
  result: result === undefined ? null : of(result),
  timeoutMs: policy?.timeout !== undefined && Number.isFinite(policy.timeout) ? policy.timeout : null,
  options: given({ transactional, ...policy, timeout: false, hold: policy?.onExhausted === "hold", onExhausted: false })
})

/** The names of those that are there. */
const given = (options: Readonly<Record<string, unknown>>): ReadonlyArray<string> =>
  Object.entries(options).flatMap(([name, value]) => value === undefined || value === false ? [] : [name])

const opaque = (schema: PlainSchema): SchemaDescription => attempted(schema, () => null)

const schemaOf = (schema: PlainSchema): SchemaDescription =>
  attempted(schema, () => {
    const { definitions, schema: top } = Schema.toJsonSchemaDocument(schema)
    return Object.keys(definitions).length === 0 ? top : { ...top, $defs: definitions }
  })

/** A schema may be one that cannot even be looked at: nobody knows what is secret in it. */
const attempted = (schema: PlainSchema, made: () => SchemaDescription["schema"]): SchemaDescription => {
  const or = <A>(otherwise: A, look: () => A): A => {
    try {
      return look()
    } catch {
      return otherwise
    }
  }
  return {
    schema: or(null, made),
    redacted: or<ReadonlyArray<Path>>([[]], () => secretsOf(Schema.toCodecJson(schema).ast)),
    fingerprint: or(null, () => fingerprintOf(schema))
  }
}

type Path = ReadonlyArray<string>

/** Schemas that hold each other have more places than anybody wants to list: such a value is secret as a whole. */
const mostPlaces = 10_000

/** Paths in what is stored, whose shape is that of the last link of an encoding. What is made of a secret in another shape is secret as a whole. */
const secretsOf = (ast: SchemaAST.AST): ReadonlyArray<Path> => {
  const places: Array<Path> = []
  for (const place of placesIn(ast, new Set())) {
    if (places.push(place) > mostPlaces) return [[]]
  }
  return [...new Map(places.map((place) => [JSON.stringify(place), place])).values()]
}

/** `outer` are the nodes on the way: what comes back to one of them has no end of places. */
function* placesIn(ast: SchemaAST.AST, outer: ReadonlySet<SchemaAST.AST>): Generator<Path> {
  if (!isSecret(ast)) return
  if (isRedacted(ast) || outer.has(ast)) return yield []
  const on = new Set(outer).add(ast)
  const stored = ast.encoding?.at(-1)?.to
  if (stored !== undefined) return isSecret(stored) ? yield* placesIn(stored, on) : yield []
  for (const [name, part] of partsOf(ast)) {
    for (const place of placesIn(part, on)) yield name === undefined ? place : [name, ...place]
  }
}
