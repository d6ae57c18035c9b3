/**
 * Pauses: what is not begun for the time being, and why.
 *
 * @since 0.1.0
 */
/**
 * What can be paused: everything, all schedules, a queue, a definition, a lane.
 *
 * @category models
 * @since 0.1.0
 */
export type PauseKind = "everything" | "schedules" | "queue" | "definition" | "lane"

/**
 * A pause.
 *
 * @category models
 * @since 0.1.0
 */
export interface Pause {
  readonly kind: PauseKind
  /** The queue, the definition (the actor's type and the action's name: `Car/visit`), or the lane's key (`bays:north` of a named one); empty for everything, and for all schedules. */
  readonly subject: string
  readonly reason: string
  /** Who has paused it. */
  readonly by: string
  readonly since: Date
}

/**
 * Why something is paused.
 *
 * @category models
 * @since 0.1.0
 */
export interface PauseOptions {
  /** For whoever finds it paused: 1 to 1,000 characters. */
  readonly reason: string
  /** Who does it: 1 to 100 characters. The user and host of the process, if not given. */
  readonly by?: string | undefined
}
