/** The store as the engine uses it, with somebody beside it who hears what is committed: what each transition was asked, and what it has answered, as events. */
import * as Effect from "effect/Effect"
import { actionText } from "../../domain/Failure.ts"
import type { ActionEvent } from "../../Events.ts"
import type { Answer, Work } from "../../store/Answer.ts"
import { invocationsOf } from "../../store/Conclusion.ts"
import type { Invocation } from "../../store/Invocation.ts"
import { firedOf } from "../../store/Scheduled.ts"
import { type Catalog, emptyCatalog, type Store } from "../../store/Store.ts"
import { concluded, enqueued, handedOver } from "./eventsOf.ts"
import { activityEnded, executionEnqueued, interruptionAsked, sentTo } from "./eventsOfExecutions.ts"
import { originOf } from "./origin.ts"
import type { Change, Committed, Transition, Watch } from "./watching.ts"

const inAnswer = (answer: Answer, catalog: Catalog, at: number): Committed => {
  const events: Array<ActionEvent> = []
  const ended: Array<string> = []
  const stale: Array<string> = []
  for (const news of answer.news) {
    if (news._tag === "Ended") ended.push(news.action)
    else if (news._tag === "Stale") stale.push(news.action)
    else if ((news._tag === "Interrupt" || news._tag === "Closing") && news.decided !== undefined) {
      const { actorId, definition, status } = news.decided
      events.push({
        _tag: "OutcomeDecided",
        ...originOf(news.action, definition, actorId, at),
        status,
        cause: undefined
      })
    }
  }
  for (const work of answer.work) events.push(...handedOver(work, catalog, at))
  return { events, ended, doubted: [...stale, ...answer.work.map(({ action }) => action)], at }
}

type Asked<Name extends keyof Store["Service"]> = Store["Service"][Name] extends (...args: infer Args) => any ? Args
  : never

const finishing = ({ catalog, conclusions, now, of }: Asked<"finish">[0]): Transition<Answer> => {
  const changes = (isStale: (id: string) => boolean): ReadonlyArray<Change> =>
    conclusions.flatMap((one, n) => {
      const whose = of?.[n]
      const id = one.fence.action
      return whose === undefined || isStale(id) ? [] : [{ id, events: concluded(one, whose, now) }]
    })
  return {
    about: () => conclusions.flatMap((one) => [one.fence.action, ...invocationsOf(one).map(({ action }) => action)]),
    committed: (answer) => {
      if (answer.news.some(({ _tag }) => _tag === "LeaseLost")) return { events: [], at: now }
      const stale = new Set(answer.news.flatMap((news) => news._tag === "Stale" ? [news.action] : []))
      const done = changes((id) => stale.has(id))
      const { events, ...more } = inAnswer(answer, catalog, now)
      return { ...more, events: [...done.flatMap((one) => one.events), ...events], certain: done.map(({ id }) => id) }
    },
    maybe: () => changes(() => false)
  }
}

const completing = (
  { catalog, id, now, outcome }: Asked<"complete">[0]
): Transition<Effect.Success<ReturnType<Store["Service"]["complete"]>>> => ({
  about: () => id === null ? [] : [id],
  committed: ({ answer, verdict }) => {
    const done = inAnswer(answer, catalog, now)
    if (verdict._tag !== "Done" || done.ended?.includes(verdict.action) === true) return done
    const { action, actorId, definition } = verdict
    const { cause, status } = outcome
    return {
      ...done,
      events: [
        {
          _tag: "OutcomeDecided",
          ...originOf(action, definition, actorId, now),
          status,
          cause: cause === null ? undefined : { ...cause, path: actionText(definition, actorId) }
        },
        // it says more than what the answer has of it
        ...done.events.filter((event) => !(event._tag === "OutcomeDecided" && event.id === action))
      ]
    }
  }
})

/** What is stored of invocations: of some of them, where others are known already. */
const enqueueing = <A>(
  items: ReadonlyArray<Invocation>,
  at: number,
  stored: (answer: A) => ReadonlyArray<Invocation>,
  more: (answer: A) => Committed = () => ({ events: [], at })
): Transition<A> => ({
  about: () => items.map(({ action }) => action),
  committed: (answer) => {
    const done = more(answer)
    return { ...done, events: [...stored(answer).map((one) => enqueued(one, at)), ...done.events] }
  },
  maybe: () => items.map((one) => ({ id: one.action, events: [enqueued(one, at)] }))
})

const nobody = () => []

/** What a worker has begun of which it may not have heard. */
const begun = (work: Work, at: number): ReadonlyArray<ActionEvent> => {
  const steps = handedOver(work, emptyCatalog, at)
  return steps.length > 0 && work._tag === "Continued" && work.step === 0 && work.detail?.attempt === undefined &&
      work.detail?.replay === undefined
    ? [{ _tag: "ActionStarted", ...originOf(work.action, work.definition, work.actorId, at) }, ...steps]
    : steps
}

export const observed = (
  store: Store["Service"],
  watch: Watch,
  now: Effect.Effect<number>
): Store["Service"] => ({
  ...store,
  enqueue: (items, now, again) => watch(store.enqueue(items, now, again), enqueueing(items, now, () => items)),
  enqueueKeyed: (items, now, again, kept) =>
    watch(
      store.enqueueKeyed(items, now, again, kept),
      enqueueing(items, now, (met) => {
        const isRefused = [...met.values()].some(({ conflict }) => conflict !== undefined)
        return isRefused ? [] : items.filter((_, n) => !met.has(n))
      })
    ),
  fireSchedules: (now, moves, fires) =>
    watch(
      store.fireSchedules(now, moves, fires),
      enqueueing(fires.map(({ invocation }) => invocation), now, ({ enqueued: ids }) => firedOf(fires, ids))
    ),
  enqueueForSchedule: (now, name, operation, fires) =>
    watch(
      store.enqueueForSchedule(now, name, operation, fires),
      enqueueing(fires.map(({ invocation }) => invocation), now, (answer) => firedOf(fires, answer?.enqueued ?? []))
    ),
  enqueueAndClaim: (options) => {
    const { catalog, items, now } = options
    return watch(
      store.enqueueAndClaim(options),
      enqueueing(items, now, () => items, (answer) => inAnswer(answer, catalog, now))
    )
  },
  claim: (options) =>
    watch(store.claim(options), {
      about: () => options.prepared.map(({ action }) => action),
      committed: (answer) => inAnswer(answer, options.catalog, options.now)
    }),
  finish: (options) => watch(store.finish(options), finishing(options)),
  complete: (options) => watch(store.complete(options), completing(options)),
  tick: (token, now, catalog, limit) =>
    watch(store.tick(token, now, catalog, limit), {
      about: nobody,
      committed: (answer) => inAnswer(answer, catalog, now)
    }),
  cancelAbandoned: (token, now, catalog, limit) =>
    watch(store.cancelAbandoned(token, now, catalog, limit), {
      about: nobody,
      committed: (answer) => inAnswer(answer, catalog, now)
    }),
  breakDeadlock: (now) =>
    watch(store.breakDeadlock(now), {
      about: nobody,
      committed: (ended) => ({ events: [], ended: ended === undefined ? [] : [ended.action], at: now })
    }),
  send: (signal) =>
    watch(store.send(signal), {
      about: () => signal.id === null ? [] : [signal.id],
      committed: (sent) => ({
        events: sent._tag !== "Sent" ? [] : [{
          _tag: "SignalSent",
          ...originOf(sent.action, sent.definition, sent.actorId, signal.now),
          signal: signal.name,
          isFailure: signal.cause !== null
        }],
        at: signal.now
      })
    }),
  remember: (token, memos) =>
    watch(store.remember(token, memos), {
      about: () => memos.flatMap(({ action, of }) => of === undefined ? [] : [action]),
      committed: ({ stored }) => ({
        events: memos.flatMap((memo, n) => stored.has(n) ? activityEnded(memo) : []),
        at: memos[0]?.at ?? 0
      })
    }),
  startExecutions: (executions, options) =>
    watch(store.startExecutions(executions, options), {
      about: nobody,
      committed: (answers) => ({
        events: answers.flatMap(({ action, isNew }, n) =>
          isNew ? [executionEnqueued(action, options.now, executions[n]!)] : []
        ),
        at: options.now
      })
    }),
  sendToExecutions: (sent, options) =>
    watch(store.sendToExecutions(sent, options), {
      about: nobody,
      committed: (answers) => ({
        events: answers.flatMap((answer, n) =>
          answer?.isFirst === true ? [sentTo(answer.action, options.now, sent[n]!)] : []
        ),
        at: options.now
      })
    }),
  interruptExecution: (now, action, operation) =>
    watch(store.interruptExecution(now, action, operation), {
      about: () => [action],
      committed: ({ first }) => ({
        events: first === undefined ? [] : [interruptionAsked(action, now, first.definition, first.actorId)],
        at: now
      })
    }),
  heldBy: (token, except) =>
    Effect.flatMap(now, (at) =>
      watch(store.heldBy(token, except), {
        about: nobody,
        committed: (held) => ({
          events: held.flatMap((work) => begun(work, at)),
          doubted: "all",
          at
        })
      }))
})
