/** Which workers see to anything. */
import type { WorkerRecord } from "../Catalogue.ts"

/** In ms: a worker has said by then what it can run. */
const silentMs = 60_000

/**
 * Whether a worker lives and works, as `why_unattended.sql` has it. A process that has performed something for a caller has a row, and a lease, for as long as it
 * lives; it takes nothing from a queue, and never says what it can run. By the database's clock, as leases are.
 */
export const isWorking = ({ definitions, leaseUntil, readAt, startedAt }: WorkerRecord): boolean =>
  leaseUntil.getTime() > readAt.getTime() &&
  (definitions !== undefined || startedAt.getTime() > readAt.getTime() - silentMs)
