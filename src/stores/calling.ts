/**
 * Those who take are told of what is offered: in this process at once, in others by a notification, each moment's in one.
 */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import { randomUUID } from "node:crypto"
import type { EngineDatabase } from "../Engine.ts"
import { log } from "../engine/log.ts"
import { deafText, listening, notifying } from "../engine/Wakeups.ts"

/** A notification takes 8,000 bytes: of longer ones every queue is looked at. */
const longest = 4000

export interface Calling {
  /** Tells the other processes. */
  readonly offered: (queue: string) => void
  /** Hears the others, from the first time on that it is called. */
  readonly listen: () => void
}

export const make = (
  { client, embedded, notify, pollInterval, schema, statementTimeout }: EngineDatabase,
  /** Called with a queue, or, where any of them may have something new, with nothing. */
  heard: (queue: string | undefined) => void
): Effect.Effect<Calling, never, Scope.Scope> =>
  Effect.gen(function*(): Effect.fn.Return<Calling, never, Scope.Scope> {
    if (!notify || embedded) return { offered: () => {}, listen: () => {} }
    const channel = `stepped_q_${schema}`
    // what one says oneself is not listened to
    const own = randomUUID().slice(0, 8)
    // invariant: queues of which the others have not been told
    const news = new Set<string>()
    const told = Latch.makeUnsafe(false)
    yield* Effect.forkScoped(notifying(client, channel, statementTimeout, told, () => {
      const [first] = news
      const text = news.size > 1 || first === undefined || Buffer.byteLength(first) > longest ? "" : first
      news.clear()
      return `${own} ${text}`
    }))
    const listens = Latch.makeUnsafe(false)
    const hearing = listening(client, channel, statementTimeout, {
      heard: (payload) => {
        if (!payload.startsWith(own)) heard(payload.slice(own.length + 1) || undefined)
      },
      deaf: log.warning(deafText("queues are looked at", pollInterval))
    })
    yield* Effect.forkScoped(Effect.andThen(listens.await, Effect.withTracerEnabled(hearing, false)))
    return {
      offered: (queue) => {
        news.add(queue)
        told.openUnsafe()
      },
      listen: () => listens.openUnsafe()
    }
  })
