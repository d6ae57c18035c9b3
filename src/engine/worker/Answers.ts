/** Reads what transitions answer: the work that they hand over, and their news. */
import * as Effect from "effect/Effect"
import { actionText, unreadableActor } from "../../domain/Failure.ts"
import type { Answer, Continued, Started, Taken, Work as Handed } from "../../store/Answer.ts"
import { failsAt } from "../../store/Conclusion.ts"
import type { Concluded } from "../perform/decide.ts"
import { refOf, takeUp } from "../perform/Performance.ts"
import type { Work, WorkerContext } from "./context.ts"

/** A transition's answer, read. */
export interface Read {
  readonly work: Array<Work>
  readonly taken: Taken
  readonly ended: number
  readonly stale: ReadonlySet<string>
  /** Prepared invocations that somebody is just looking at. */
  readonly blocked: ReadonlySet<string>
  readonly lost: boolean
}

export interface Answers {
  /** `own`: what has ended did so by what this worker's bodies said; `spare` is the action that asks. */
  readonly read: (answer: Answer, at: number, own: boolean, spare?: string) => Effect.Effect<Read>
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
      return { _tag: "Broken", id: task.action, concluded: failsUnread(task, error) }
    }
  }

  /** Whether its callbacks have begun here already, or are the next that begins. */
  const inCallbacks = (id: string): boolean => {
    const begun = inHand.active.get(id)?.work
    const works = [
      ...begun === undefined ? [] : [begun],
      ...[...inHand.places].flatMap((place) => place.filter((work) => work.id === id))
    ]
    return works.some((work) => work._tag === "Perform" && work.performance.phase === "callbacks")
  }

  const read: Answers["read"] = (answer, at, own, spare) =>
    Effect.suspend(() => {
      const work: Array<Work> = []
      const ended: Array<string> = []
      const gone: Array<string> = []
      const stale = new Set<string>()
      const blocked = new Set<string>()
      const undefinedHere: Array<string> = []
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
          worker.timers.know(item.performance.timeoutAt ?? Infinity)
        }
      }
      for (const news of answer.news) {
        switch (news._tag) {
          case "Stale":
            stale.add(news.action)
            break
          case "Ended":
            ended.push(news.action)
            if (!own && news.action !== spare) gone.push(news.action)
            break
          case "Interrupt":
            // decided from outside: its body is to end, but not the callbacks that another claim may have begun already
            if (news.action !== spare && !inCallbacks(news.action)) gone.push(news.action)
            break
          case "PruneDue":
            worker.timers.pruneDue()
            break
          case "LeaseLost":
            lost = true
            break
          case "Queued":
            onQueued()
            worker.claimer.more()
            break
          case "Blocked":
            blocked.add(news.action)
            break
        }
      }
      if (ended.length > 0) onEnded(ended)
      worker.work.openUnsafe()
      return Effect.as(
        Effect.andThen(
          worker.reconciler.giveBack(undefinedHere),
          gone.length === 0 ? Effect.void : worker.bodies.interruptAll(gone)
        ),
        { work, taken: answer.taken, ended: ended.length, stale, blocked, lost }
      )
    })

  return { read }
}

/** A stored actor id that its schema no longer reads: the action fails, the lane goes on. */
const failsUnread = (task: Started | Continued, error: unknown): Concluded => ({
  conclusion: failsAt(
    task._tag === "Started"
      ? { action: task.action, step: 0, phase: "step" }
      : { action: task.action, step: task.step, phase: task.phase },
    unreadableActor(actionText(task.definition, task.actorId), error)
  ),
  next: undefined,
  of: task
})
