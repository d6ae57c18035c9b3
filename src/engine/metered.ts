/** The store as the engine uses it, with what its transitions have committed counted: once for a batch, by definition. */
import * as Effect from "effect/Effect"
import type { StorageError } from "../SteppedError.ts"
import type { Answer, News, Work } from "../store/Answer.ts"
import { type Conclusion, invocationsOf, type Whose } from "../store/Conclusion.ts"
import type { Invocation } from "../store/Invocation.ts"
import { families, type Family, type Meter } from "../store/Meter.ts"
import { firedOf } from "../store/Scheduled.ts"
import type { Store } from "../store/Store.ts"

/** How many of each series a batch has. */
type Counts = Map<Family, Map<string, { value: number }>>

const count = (counts: Counts, family: Family, labels: string, by = 1) => {
  let of = counts.get(family)
  if (of === undefined) counts.set(family, of = new Map())
  const one = of.get(labels)
  if (one === undefined) of.set(labels, { value: by })
  else one.value += by
}

/** Neither name of a definition has such a character. */
const separator = "\n"

const take = (meter: Meter, counts: Counts) => {
  for (const [family, of] of counts) {
    for (const [labels, { value }] of of) meter.take(family, value, ...labels.split(separator))
  }
}

const enqueued = (counts: Counts, items: ReadonlyArray<Invocation>) => {
  for (const { definition } of items) count(counts, families.enqueued, definition)
}

/** Whether an action begins with what is handed over: it was promoted by a process that did not know it, or has arguments that do not travel. */
const begins = (work: Work, now: number): boolean =>
  work._tag === "Started" || (
    work._tag === "Continued" && work.phase === "step" && work.step === 0 && work.attempts === 0 &&
    // an execution that was claimed before runs again
    work.detail?.replay === undefined &&
    (work.detail === undefined ||
      (work.detail.attempt === undefined && Math.abs((work.detail.stepStartedAt ?? 0) - now) < 1))
  )

/** What an answer hands over, and has ended that nobody has performed. */
const answered = (meter: Meter, counts: Counts, { news, work }: Answer, now: number) => {
  for (const one of work) {
    if (!begins(one, now)) continue
    count(counts, families.started, one.definition)
    const waited = one._tag === "Started" ? one.waitedMs : one._tag === "Continued" ? one.detail?.waitedMs : undefined
    if (waited !== undefined) meter.take(families.waits, waited / 1000, one.definition)
  }
  for (const one of news) if (one._tag === "Ended") endedBy(counts, one)
}

/** Of one that has joined another one it is not said how it has ended. */
const endedBy = (counts: Counts, { of }: Extract<News, { readonly _tag: "Ended" }>) => {
  if (of !== undefined) count(counts, families.ended, `${of.definition}${separator}${of.status}`)
}

const concluded = (counts: Counts, conclusion: Conclusion, { definition, unwinds }: Whose) => {
  const ended = "ended" in conclusion ? conclusion.ended : undefined
  if (ended?.undoes !== undefined && ended.status !== "performing") {
    count(counts, families.compensations, `${definition}${separator}${ended.status}`)
  }
  if (conclusion._tag === "ActionEnds" && unwinds === undefined) {
    count(counts, families.ended, `${definition}${separator}${conclusion.outcome.status}`)
  }
  const isAgain = conclusion._tag === "StepRetries" ||
    (conclusion._tag === "TryAgain" &&
      (conclusion.burns || conclusion.failure !== undefined || conclusion.attempt !== undefined))
  if (isAgain) count(counts, families.retries, definition)
  const left = notUndone(conclusion)
  if (left > 0) count(counts, families.notUndone, definition, left)
  enqueued(counts, invocationsOf(conclusion))
}

/** What was not undone is counted with the transition that says how its action ends; of a child where that is unwound. */
const notUndone = (conclusion: Conclusion): number => {
  const { _tag } = conclusion
  if (_tag !== "CallbacksDue" && (_tag !== "ActionEnds" || conclusion.fence.phase === "callbacks")) return 0
  return (conclusion.outcome.cause?.notUndone ?? []).filter(({ child }) => child === undefined).length
}

type Asked<Name extends keyof Store["Service"]> = Store["Service"][Name] extends (...args: infer Args) => any ? Args
  : never

export const metered = (store: Store["Service"], meter: Meter): Store["Service"] => {
  /** Counts what a transition has committed; in a transaction of the program once that has. */
  const counted = <A>(
    call: Effect.Effect<A, StorageError>,
    tell: (answer: A, counts: Counts) => void
  ): Effect.Effect<A, StorageError> =>
    Effect.flatMap(call, (answer) => {
      const told = Effect.sync(() => {
        const counts: Counts = new Map()
        tell(answer, counts)
        take(meter, counts)
        return answer
      })
      return Effect.flatMap(
        store.inTransaction,
        (inside) => inside ? Effect.as(store.afterCommit(Effect.asVoid(told)), answer) : told
      )
    })
  const batch = (size: number, statement: string) => {
    if (size > 0) meter.take(families.batches, size, statement)
  }
  const finish = ({ conclusions, now, of }: Asked<"finish">[0], answer: Answer, counts: Counts) => {
    if (answer.news.some(({ _tag }) => _tag === "LeaseLost")) return
    batch(conclusions.length, "finish")
    const stale = new Set(answer.news.flatMap((news) => news._tag === "Stale" ? [news.action] : []))
    conclusions.forEach((one, n) => {
      const whose = of?.[n]
      if (whose !== undefined && !stale.has(one.fence.action)) concluded(counts, one, whose)
    })
    answered(meter, counts, answer, now)
  }
  const claimed = (answer: Answer, counts: Counts, now: number) => {
    batch(answer.taken.count, "claim")
    answered(meter, counts, answer, now)
  }
  const passed = (call: Effect.Effect<Answer, StorageError>, now: number) =>
    counted(call, (answer, counts) => answered(meter, counts, answer, now))
  return {
    ...store,
    enqueue: (items, now, again) =>
      counted(store.enqueue(items, now, again), (_, counts) => {
        batch(items.length, "enqueue")
        enqueued(counts, items)
      }),
    enqueueKeyed: (items, now, again, kept) =>
      counted(store.enqueueKeyed(items, now, again, kept), (met, counts) => {
        if ([...met.values()].some(({ conflict }) => conflict !== undefined)) return
        batch(items.length, "enqueue")
        enqueued(counts, items.filter((_, n) => !met.has(n)))
      }),
    enqueueAndClaim: (options) =>
      counted(store.enqueueAndClaim(options), (answer, counts) => {
        batch(options.items.length, "enqueue")
        enqueued(counts, options.items)
        claimed(answer, counts, options.now)
      }),
    startExecutions: (executions, options) =>
      counted(store.startExecutions(executions, options), (answers, counts) => {
        answers.forEach(({ isNew }, n) => {
          const execution = executions[n]
          if (isNew && execution !== undefined) count(counts, families.enqueued, execution.definition)
        })
      }),
    claim: (options) => counted(store.claim(options), (answer, counts) => claimed(answer, counts, options.now)),
    finish: (options) => counted(store.finish(options), (answer, counts) => finish(options, answer, counts)),
    complete: (options) =>
      counted(store.complete(options), ({ answer }, counts) => answered(meter, counts, answer, options.now)),
    tick: (token, now, catalog, limit) => passed(store.tick(token, now, catalog, limit), now),
    cancelAbandoned: (token, now, catalog, limit) => passed(store.cancelAbandoned(token, now, catalog, limit), now),
    fireSchedules: (now, moves, fires) =>
      counted(store.fireSchedules(now, moves, fires), (answer, counts) => {
        batch(answer.enqueued.length, "enqueue")
        enqueued(counts, firedOf(fires, answer.enqueued))
      }),
    enqueueForSchedule: (now, name, operation, fires) =>
      counted(store.enqueueForSchedule(now, name, operation, fires), (answer, counts) => {
        const fired = firedOf(fires, answer?.enqueued ?? [])
        batch(fired.length, "enqueue")
        enqueued(counts, fired)
      }),
    breakDeadlock: (now) =>
      counted(store.breakDeadlock(now), (ended, counts) => {
        if (ended !== undefined) endedBy(counts, ended)
      }),
    send: (signal) =>
      counted(store.send(signal), (sent, counts) => {
        if (sent._tag === "Sent") count(counts, families.signals, sent.definition)
      }),
    heal: (now, page, pages, by) =>
      counted(store.heal(now, page, pages, by), ({ healed }, counts) => {
        for (const { definition } of healed) count(counts, families.healed, definition)
      })
  }
}
