/**
 * What is known of definitions without the program that has them: what workers say of what they can run.
 *
 * @since 0.1.0
 */
import type * as JsonSchema from "effect/JsonSchema"
import type { StepKind } from "./domain/Phase.ts"

/**
 * A schema, as far as others can use it.
 *
 * @category models
 * @since 0.1.0
 */
export interface SchemaDescription {
  /** Of what is stored, in the 2020-12 dialect; null where none can be given: such a value is opaque. */
  readonly schema: JsonSchema.JsonSchema | null
  /**
   * Where what is stored is secret, since its schema is `Schema.Redacted` there: the names of properties from the outside in, `*` for each item
   * of an array and each key of a record. No name at all: the whole value.
   */
  readonly redacted: ReadonlyArray<ReadonlyArray<string>>
  /** What tells it from others, null for nothing. */
  readonly fingerprint: string | null
}

/**
 * A step, as far as its options are data.
 *
 * @category models
 * @since 0.1.0
 */
export interface StepDescription {
  readonly name: string
  readonly kind: StepKind
  readonly result: SchemaDescription | null
  readonly timeoutMs: number | null
  /** Those that it has of: `transactional`, `when`, `mayFail`, `retry`, `fresh`, `hold`, `compensate`, `compensateFailed`, `pointOfNoReturn`, `unwind`, `shielded`. */
  readonly options: ReadonlyArray<string>
}

/**
 * What can be sent to an action.
 *
 * @category models
 * @since 0.1.0
 */
export interface SignalDescription {
  readonly name: string
  readonly payload: SchemaDescription
  readonly error: SchemaDescription
}

/**
 * A definition, as far as it is data.
 *
 * @category models
 * @since 0.1.0
 */
export interface DefinitionDescription {
  /** Of its actor's id. What is stored of an id is a text as it is, and the JSON of anything else. */
  readonly actorId: SchemaDescription
  readonly arguments: ReadonlyArray<SchemaDescription>
  readonly success: SchemaDescription
  readonly error: SchemaDescription
  readonly signals: ReadonlyArray<SignalDescription>
  readonly steps: ReadonlyArray<StepDescription>
  readonly queue: string
  /** Null where it has none, or its arguments decide. */
  readonly timeoutMs: number | null
  readonly heartbeatTimeoutMs: number | null
  readonly achievementTtlMs: number | null
  readonly version: string | null
  /**
   * Those that it has of: `outbound`, `job`, `before`, `timeout` (by its arguments), `checksum`, `checksumKey`, `concurrencyKey`, `concurrency`,
   * `fairBy`, `compensate`, `compensateWhen`, `handledDefects`, `retry`, `attempts`, `skippable` (its last step may be skipped: its success may be nothing), and `succeeded`, `failed`, `cancelled`, `timed_out`, where callbacks follow.
   */
  readonly options: ReadonlyArray<string>
}

/**
 * One version of a definition that workers have had.
 *
 * @category models
 * @since 0.1.0
 */
export interface DefinitionRecord {
  readonly actorType: string
  readonly name: string
  /** What tells its versions apart: a digest of the description. */
  readonly hash: string
  readonly description: DefinitionDescription
  /** On the database's clock. */
  readonly firstSeen: Date
  /** When a worker has said last that it has it: it is written again once it is six hours old. */
  readonly lastSeen: Date
}

/**
 * A worker that runs.
 *
 * @category models
 * @since 0.1.0
 */
export interface WorkerRecord {
  /** A later one has a higher one; one that has lost its lease and goes on has another one. */
  readonly id: string
  /** The host, the process and a random part, if it was not given another one. */
  readonly name: string
  /** What its engine's option `build` says. */
  readonly build: string | undefined
  /** The queues that it is restricted to; all of its definitions' queues, if none are given. */
  readonly queues: ReadonlyArray<string> | undefined
  /** `Car/visit`, each with its hash; none before it has said so, some seconds after its start. */
  readonly definitions: Readonly<Record<string, string>> | undefined
  readonly startedAt: Date
  /** On the database's clock: when it has renewed its lease last, which it does three times in the lease's length. */
  readonly heardAt: Date
  /** On the database's clock: from then on others take over what it has. Whether it is over says the comparison with `readAt`. */
  readonly leaseUntil: Date
  /** How many actions and invocations it has in hand. */
  readonly inHand: number
  /** Since when it is asked to take nothing new and to stop (`JobQueue.drain`), on the database's clock. */
  readonly drainingSince: Date | undefined
  /** When this was read, on the database's clock: what the other times are compared with, whatever the clock of this process says. */
  readonly readAt: Date
}
