/**
 * What one process has in hand under its token, known in one place.
 *
 * Whoever compares memory with the rows takes what is under the token and in nobody's hands for lost, and takes it up again. So an action
 * is in hand at every moment from before the statement that puts it under the token until after the one that takes it away from there: not
 * begun, begun, concluded, prepared, or kept by whoever carries it from one of these to the next.
 */

/** Work that is not begun, in its order: the worker's, or that of a fiber that performs by itself. */
export interface WorkQueue<Work> {
  readonly length: () => number
  readonly all: () => ReadonlyArray<Work>
  readonly put: (work: ReadonlyArray<Work>) => void
  /** Before all others. */
  readonly putFirst: (work: Work) => void
  readonly next: () => Work | undefined
  readonly takeAll: () => Array<Work>
  /** Those that are meant, wherever they stand. */
  readonly take: (isMeant: (work: Work) => boolean) => Array<Work>
}

/** Its lists are changed by these verbs alone; what is moved between them without a pause is in hand all the time. */
export interface InHand<Work, Active, Conclusion, Prepared> {
  /** What the worker begins next. */
  readonly ready: WorkQueue<Work>
  /** Work of a fiber that performs by itself, until `closeQueue`. */
  readonly openQueue: () => WorkQueue<Work>
  /** What is still in it is in nobody's hands any more. */
  readonly closeQueue: (queue: WorkQueue<Work>) => void
  /** Whether no fiber performs by itself. */
  readonly hasNoCallers: () => boolean
  /** Of an action, what is not begun, in whichever queue. */
  readonly notBegun: (id: string) => ReadonlyArray<Work>
  /** Lets go of what is not begun, in whichever queue. */
  readonly drop: (isMeant: (work: Work) => boolean) => void
  /** What has been begun, by the ids of its actions. */
  readonly active: ReadonlyMap<string, Active>
  /** Gives what was begun of the same action before, if that has not ended. */
  readonly begin: (id: string, active: Active) => Active | undefined
  /** Gives whether it was in hand: something else of the same action may have been begun since. */
  readonly end: (id: string, active: Active) => boolean
  /** It is to be committed. */
  readonly conclude: (conclusion: Conclusion) => void
  readonly concluded: () => number
  /** The first of what is to be committed, as many as `count` says. */
  readonly takeConcluded: (count: (all: ReadonlyArray<Conclusion>) => number) => Array<Conclusion>
  /** They are to be joined to their lanes. */
  readonly join: (prepared: ReadonlyArray<Prepared>) => void
  readonly joining: () => number
  /** The first of what is to be joined, as many as `count` says. */
  readonly takeJoining: (count: (all: ReadonlyArray<Prepared>) => number) => Array<Prepared>
  /**
   * Keeps actions in hand beside the lists, until what it gives is called, once or more often. Each call by itself: of one action two may
   * be under way, one of them stale.
   */
  readonly keep: (ids: ReadonlyArray<string>) => () => void
  readonly ids: () => ReadonlySet<string>
  /** Nothing is in hand but what other fibers have in their queues. */
  readonly isIdle: () => boolean
  /** Everything that does not run is in nobody's hands. */
  readonly dropAll: () => void
}

const makeQueue = <Work>(): WorkQueue<Work> => {
  /** In the order in which it is begun; by these verbs alone. */
  let works: Array<Work> = []
  return {
    length: () => works.length,
    all: () => works,
    put: (work) => {
      for (const one of work) works.push(one)
    },
    putFirst: (work) => void works.unshift(work),
    next: () => works.shift(),
    takeAll: () => works.splice(0),
    take: (isMeant) => {
      const meant = works.filter(isMeant)
      if (meant.length > 0) works = works.filter((work) => !meant.includes(work))
      return meant
    }
  }
}

export const make = <
  Work extends { readonly id: string },
  Active,
  Conclusion extends { readonly conclusion: { readonly fence: { readonly action: string } } },
  Prepared extends { readonly action: string }
>(): InHand<Work, Active, Conclusion, Prepared> => {
  const ready = makeQueue<Work>()
  /** With it those of callers, from `openQueue` to `closeQueue`. */
  const queues = new Set([ready])
  /** By action: what has been begun last. `begin` and `end` change it. */
  const active = new Map<string, Active>()
  /** In the order in which bodies came to them, until `takeConcluded`. */
  const conclusions: Array<Conclusion> = []
  /** In the order in which they were prepared, until `takeJoining`. */
  const prepared: Array<Prepared> = []
  /** One for each call of `keep` that has not been let go. */
  const kept = new Set<{ readonly ids: ReadonlyArray<string> }>()
  const inQueues = () => [...queues].flatMap((queue) => queue.all())
  return {
    ready,
    openQueue: () => {
      const queue = makeQueue<Work>()
      queues.add(queue)
      return queue
    },
    closeQueue: (queue) => void queues.delete(queue),
    hasNoCallers: () => queues.size === 1,
    notBegun: (id) => inQueues().filter((work) => work.id === id),
    drop: (isMeant) => {
      for (const queue of queues) queue.take(isMeant)
    },
    active,
    begin: (id, entry) => {
      const before = active.get(id)
      active.set(id, entry)
      return before
    },
    end: (id, entry) => active.get(id) === entry && active.delete(id),
    conclude: (conclusion) => void conclusions.push(conclusion),
    concluded: () => conclusions.length,
    takeConcluded: (count) => conclusions.splice(0, count(conclusions)),
    join: (invocations) => void prepared.push(...invocations),
    joining: () => prepared.length,
    takeJoining: (count) => prepared.splice(0, count(prepared)),
    keep: (ids) => {
      if (ids.length === 0) return () => undefined
      const some = { ids }
      kept.add(some)
      return () => void kept.delete(some)
    },
    ids: () =>
      new Set([
        ...active.keys(),
        ...inQueues().map(({ id }) => id),
        ...conclusions.map(({ conclusion }) => conclusion.fence.action),
        ...prepared.map(({ action }) => action),
        ...[...kept].flatMap(({ ids }) => ids)
      ]),
    isIdle: () => active.size + ready.length() + conclusions.length + prepared.length + kept.size === 0,
    dropAll: () => {
      for (const queue of queues) queue.takeAll()
      conclusions.length = 0
      prepared.length = 0
    }
  }
}
