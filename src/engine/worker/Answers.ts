/** Reads what transitions answer: the work that they hand over, and their news. */
import * as Effect from "effect/Effect"
import { actionText, unreadableActor } from "../../domain/Failure.ts"
import type { Answer, Continued, News, Started, Taken, Work as Handed } from "../../store/Answer.ts"
import type { Concluded } from "../perform/concluding.ts"
import { endsNotUndone } from "../perform/decide.ts"
import { refOf, takeUp } from "../perform/Performance.ts"
import { isUnwinding } from "../perform/unwinding.ts"
import type { Runnable } from "../Runnable.ts"
import type { Work, WorkerContext } from "./context.ts"

/** News of an action that is over for whoever performs it. */
export type Gone = Extract<News, { readonly _tag: "Ended" | "Interrupt" | "Closing" }>

/** A transition's answer, read. */
export interface Read {
  readonly work: Array<Work>
  readonly taken: Taken
  readonly ended: number
  readonly stale: ReadonlySet<string>
  /** Those of them whose end was decided meanwhile, and which this worker is to close. */
  readonly closing: ReadonlySet<string>
  /** Prepared invocations that somebody is just looking at. */
  readonly blocked: ReadonlySet<string>
  readonly lost: boolean
}

export interface Answers {
  /** `own`: what has ended did so by what this worker's bodies said; `spare` is the action that asks. */
  readonly read: (answer: Answer, at: number, own: boolean, spare?: string) => Effect.Effect<Read>
  /** Ends what runs here for actions that others have ended, or decided over. */
  readonly drop: (gone: ReadonlyArray<Gone>, spare?: string) => Effect.Effect<void>
}

export const make = (worker: WorkerContext): Answers => {
  const { registry, inHand, onEnded, onQueued } = worker

  const toWork = (task: Handed, at: number): Work | undefined => {
    if (task._tag === "ToPrepare") return { _tag: "Prepare", id: task.action, task }
    const runnable = registry.byKey(task.definition)
    if (runnable === undefined) return undefined
    try {
      const performance = takeUp(task, runnable, refOf(runnable.actor, task.actorId), at)
      return { _tag: "Perform", id: task.action, performance }
    } catch (error) {
      return { _tag: "Broken", id: task.action, concluded: failsUnread(task, runnable, error, at) }
    }
  }

  /** Whether what follows from its end being decided has begun here already, or is the next that begins: callbacks, or what undoes it. */
  const isDecided = (id: string): boolean => {
    const begun = inHand.active.get(id)?.work
    const works = [
      ...begun === undefined ? [] : [begun],
      ...inHand.notBegun(id)
    ]
    return works.some((work) =>
      work._tag === "Perform" &&
      (isUnwinding(work.performance) || ["callbacks", "unwinding"].includes(work.performance.phase))
    )
  }

  const sayLate = (late: ReadonlyArray<{ definition: string; actorId: string; actionId: string }>) =>
    Effect.forEach(late, ({ actionId, actorId, definition }) => {
      const fields = { action: definition, actorId, actionId }
      return worker.log.warning(`${actionText(definition, actorId)} has timed out`, fields)
    }, { discard: true })

  const read: Answers["read"] = (answer, at, own, spare) =>
    Effect.suspend(() => {
      const work: Array<Work> = []
      const ended: Array<string> = []
      const gone: Array<Gone> = []
      const stale = new Set<string>()
      const closing = new Set<string>()
      const blocked = new Set<string>()
      const undefinedHere: Array<string> = []
      const late: Array<{ readonly definition: string; readonly actorId: string; readonly actionId: string }> = []
      let lost = false
      for (const task of answer.work) {
        const item = toWork(task, at)
        if (item === undefined) {
          undefinedHere.push(task.action)
          continue
        }
        work.push(item)
        // it may be due before the next look at all that is
        if (item._tag === "Perform" && item.performance.phase !== "callbacks") {
          worker.peers.inCharge().timers.know(item.performance.timeoutAt ?? Infinity)
        }
      }
      for (const news of answer.news) {
        switch (news._tag) {
          case "Stale":
            stale.add(news.action)
            if (news.closing) closing.add(news.action)
            break
          case "Ended":
            ended.push(news.action)
            if (news.isLate === true && news.of !== undefined) late.push({ ...news.of, actionId: news.action })
            if (!own) gone.push(news)
            break
          case "Interrupt":
          case "Closing":
            gone.push(news)
            break
          case "AbandonedDue":
            worker.peers.inCharge().abandoned.due()
            break
          case "LeaseLost":
            lost = true
            break
          case "Queued":
            onQueued()
            worker.claimer.more()
            break
          case "Due":
            worker.peers.inCharge().timers.know(news.at)
            break
          case "Blocked":
            blocked.add(news.action)
            break
        }
      }
      if (ended.length > 0) onEnded(ended)
      worker.work.openUnsafe()
      const interrupted = gone.length === 0
        ? Effect.void
        : worker.peers.drop(gone.filter(({ _tag, action }) => _tag === "Closing" || action !== spare), spare)
      return Effect.as(
        Effect.andThen(
          worker.reconciler.giveBack(undefinedHere),
          late.length === 0 ? interrupted : Effect.andThen(interrupted, sayLate(late))
        ),
        { work, taken: answer.taken, ended: ended.length, stale, closing, blocked, lost }
      )
    })

  const drop: Answers["drop"] = (gone, spare) =>
    Effect.andThen(
      worker.bodies.close(gone.flatMap(({ _tag, action }) => _tag === "Closing" ? [action] : []), spare),
      worker.bodies.interruptAll(
        // what is decided from outside ends, but not what another claim may have begun already
        gone.flatMap(({ _tag, action }) =>
          _tag === "Closing" || (_tag === "Interrupt" && isDecided(action)) ? [] : [action]
        )
      )
    )

  return { read, drop }
}

/** A stored actor id that its schema no longer reads: the action fails, the lane goes on, and what it has done is not undone. */
const failsUnread = (task: Started | Continued, runnable: Runnable, error: unknown, at: number): Concluded => {
  const cause = unreadableActor(actionText(task.definition, task.actorId), error)
  // no code of the program's runs for it, which alone would ask for its actor
  return endsNotUndone(takeUp(task, runnable, runnable.actor.ref(task.actorId), at), cause)
}
