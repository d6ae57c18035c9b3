/**
 * What one process has in hand under its token, known in one place.
 *
 * Whoever compares memory with the rows takes what is under the token and in nobody's hands for lost, and takes it up again. So an action
 * is in hand at every moment from before the statement that puts it under the token until after the one that takes it away from there: in
 * one of the lists, or kept by whoever carries it from one of them to the next.
 */

/** The lists; what is moved between them without a pause is in hand all the time. */
export interface InHand<Work, Active, Conclusion, Prepared> {
  /** What the worker begins next. */
  readonly ready: Array<Work>
  /** All lists of work that is not begun: the worker's, and one for each fiber that performs by itself. */
  readonly workQueues: Set<Array<Work>>
  readonly active: Map<string, Active>
  /** To be committed. */
  readonly conclusions: Array<Conclusion>
  /** To be joined to their lanes. */
  readonly prepared: Array<Prepared>
  /**
   * Keeps actions in hand beside the lists, until what it gives is called, once or more often. Each call by itself: of one action two may
   * be under way, one of them stale.
   */
  readonly keep: (ids: ReadonlyArray<string>) => () => void
  readonly ids: () => ReadonlySet<string>
  /** Nothing is in hand but what other fibers have in their queues. */
  readonly isIdle: () => boolean
}

export const make = <
  Work extends { readonly id: string },
  Active,
  Conclusion extends { readonly conclusion: { readonly fence: { readonly action: string } } },
  Prepared extends { readonly action: string }
>(): InHand<Work, Active, Conclusion, Prepared> => {
  const ready: Array<Work> = []
  const workQueues = new Set([ready])
  const active = new Map<string, Active>()
  const conclusions: Array<Conclusion> = []
  const prepared: Array<Prepared> = []
  const kept = new Set<{ readonly ids: ReadonlyArray<string> }>()
  return {
    ready,
    workQueues,
    active,
    conclusions,
    prepared,
    keep: (ids) => {
      if (ids.length === 0) return () => undefined
      const some = { ids }
      kept.add(some)
      return () => void kept.delete(some)
    },
    ids: () =>
      new Set([
        ...active.keys(),
        ...[...workQueues].flatMap((place) => place.map(({ id }) => id)),
        ...conclusions.map(({ conclusion }) => conclusion.fence.action),
        ...prepared.map(({ action }) => action),
        ...[...kept].flatMap(({ ids }) => ids)
      ]),
    isIdle: () => active.size + ready.length + conclusions.length + prepared.length + kept.size === 0
  }
}
