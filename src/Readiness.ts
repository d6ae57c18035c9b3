/**
 * What a process says of itself.
 *
 * @since 0.1.0
 */
/**
 * What a worker of this process does.
 *
 * **Details**
 *
 * `starting`: it has not begun yet. `working`: it takes work. `withoutLease`: the database has not answered for too long, or somebody has taken over; it has a new lease once the database
 * answers. `stopping`: it takes nothing new. `failed`: a part of it has come to an end that is a fault.
 *
 * @category models
 * @since 0.1.0
 */
export type WorkerState = "starting" | "working" | "withoutLease" | "stopping" | "failed"

/**
 * A worker of this process.
 *
 * @category models
 * @since 0.1.0
 */
export interface WorkerHealth {
  readonly name: string
  readonly state: WorkerState
}

/**
 * Whether a process can still do its work.
 *
 * @category models
 * @since 0.1.0
 */
export interface Live {
  readonly isLive: boolean
  readonly workers: ReadonlyArray<WorkerHealth>
}

/**
 * Whether a process is ready.
 *
 * @category models
 * @since 0.1.0
 */
export interface Ready {
  readonly isReady: boolean
  /** Why it is not, in words; none where it is. */
  readonly problems: ReadonlyArray<string>
  readonly workers: ReadonlyArray<WorkerHealth>
}
