/**
 * The store of Effect's `PersistedQueue` on Postgres.
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { PersistedQueueError, PersistedQueueStore } from "effect/persistence/PersistedQueue"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import { readDuration } from "../domain/duration.ts"
import { durableQueues } from "../domain/executionNames.ts"
import { tidyText } from "../domain/Failure.ts"
import { Engine } from "../Engine.ts"
import * as Together from "../engine/client/Together.ts"
import { log } from "../engine/log.ts"
import { retryForCaller, retryWhileAway } from "../engine/retrying.ts"
import { elementsOf, type NewElement, type SettledElement, type TakenElement } from "../sql/elements.ts"
import { type InvalidDuration, InvalidOption, type StorageError } from "../SteppedError.ts"
import { canBeStored } from "../store/asked.ts"
import { abandonAfter, realSleep } from "../store/RealClock.ts"
import * as Calling from "./calling.ts"
import { callsOf } from "./database.ts"
import * as Takers from "./Takers.ts"

type Store = PersistedQueueStore["Service"]
type TakeOptions = Parameters<Store["take"]>[0]

/**
 * How the queue's store holds what is taken.
 *
 * @category models
 * @since 0.1.0
 */
export interface PersistedQueueStoreOptions {
  /**
   * How long a process may be silent before others take what it has taken: that of `Stepped.layer` if not given, which is 30 seconds; 1 second at least. It is renewed
   * three times as often.
   */
  readonly lease?: Duration.Input
}

/** Characters of a queue's name, and of an element's id. */
const nameMax = 255

const processedInside = (queue: string): string =>
  `an element of ${queue} is offered by the open transaction, and can be processed only after its commit: ` +
  "process it outside of the transaction"

/** The last moment that JavaScript has a name for. */
const lastMs = 8.64e15

/** Rows that are deleted by one statement. */
const forgottenAtOnce = 1000

const isName = (text: string) =>
  typeof text === "string" && text.length > 0 && text.length <= nameMax && canBeStored(text)

/** As Postgres counts. */
const attemptsOf = ({ maxAttempts }: TakeOptions) => Math.trunc(Math.max(1, Math.min(maxAttempts, 2 ** 31 - 1)))

/** What Effect's own stores look at, too: the queue's schema has refused what is stored, and always will. */
const deadLetterOf = (cause: Cause.Cause<unknown>): Cause.Cause<unknown> | undefined => {
  for (const { error } of cause.reasons.filter(Cause.isFailReason)) {
    if (
      Predicate.isTagged(error, "~effect/persistence/PersistedQueue/DeadLetter") &&
      Predicate.hasProperty(error, "cause") && Cause.isCause(error.cause)
    ) {
      return error.cause
    }
  }
  return undefined
}

const failureOf = (cause: Cause.Cause<unknown>): string => tidyText(Cause.pretty(cause))

/** What becomes of an element by how whoever took it has ended. */
const outcomeOf = (
  { attempts, number, token }: TakenElement,
  exit: Exit.Exit<unknown, unknown>,
  { maxAttempts, retryDelay }: TakeOptions,
  now: Effect.Effect<number>
): Effect.Effect<SettledElement> => {
  const settled = (
    state: SettledElement["state"],
    more?: Pick<SettledElement, "due" | "failure">
  ): SettledElement => ({ number, token, state, ...more })
  if (Exit.isSuccess(exit)) return Effect.succeed(settled("completed"))
  const dead = deadLetterOf(exit.cause)
  if (dead !== undefined) return Effect.succeed(settled("failed", { failure: failureOf(dead) }))
  // given back, as if it had not been taken
  if (Cause.hasInterruptsOnly(exit.cause)) return Effect.succeed(settled("waiting"))
  const failure = failureOf(exit.cause)
  return attempts >= maxAttempts
    ? Effect.succeed(settled("failed", { failure }))
    : Effect.map(
      Effect.all([now, retryDelay(attempts)]),
      ([at, delay]) => settled("waiting", { failure, due: Math.min(Math.ceil(at + Duration.toMillis(delay)), lastMs) })
    )
}

const jsonOf = (element: string): Exit.Exit<unknown> => {
  try {
    return Exit.succeed(JSON.parse(element) as unknown)
  } catch (error) {
    return Exit.die(error)
  }
}

/** Each of them is told that it is stored. */
const answered = <A>(batch: ReadonlyArray<unknown>, stored: Effect.Effect<A, StorageError>) =>
  Effect.as(stored, batch.map(() => undefined))

const leaseOf = (given: Duration.Input | undefined, otherwise: Duration.Duration) =>
  given === undefined ? Effect.succeed(Duration.toMillis(otherwise)) : Effect.try({
    try: () => readDuration("lease", given, { least: 1000 }),
    catch: (error) => {
      const { field, takes, value } = error as InvalidDuration
      return new InvalidOption({ option: field, value, takes })
    }
  })

const make = (
  options: PersistedQueueStoreOptions
): Effect.Effect<Store, InvalidOption, Engine | Scope.Scope> =>
  Effect.gen(function*() {
    const { database, now } = yield* Engine
    const leaseMs = yield* leaseOf(options.lease, database.lease)
    const calls = yield* callsOf
    const elements = elementsOf(calls)
    // invariant: what this process has taken, and not settled, by its number
    const held = new Map<number, TakenElement>()

    const offerTogether = yield* Together.make<NewElement, void>(
      (batch) => answered(batch, retryForCaller(() => Effect.flatMap(now, (at) => elements.offer(at, batch)))),
      ({ element }) => element.length
    )
    const settleTogether = yield* Together.make<SettledElement, void>(
      (batch) => answered(batch, Effect.flatMap(now, (at) => elements.settle(at, batch))),
      ({ failure }) => failure?.length ?? 0
    )
    const calling = yield* Calling.make(database, (queue) => takers.nudge(queue))

    /** Tells who waits that a queue may have something new. */
    const announce = (queue: string) => {
      takers.nudge(queue)
      calling.offered(queue)
    }

    /** What cannot be settled as long as its lease lasts comes back by that, and may be processed again. */
    const settle = (settled: SettledElement): Effect.Effect<void> =>
      abandonAfter(retryWhileAway(settleTogether(settled)), leaseMs).pipe(
        Effect.catchCause((cause) =>
          log.trouble("what has come of an element was not stored", Cause.squash(cause), "it is taken again")
        ),
        Effect.ensuring(Effect.sync(() => {
          // by now it may be held by another of its attempts
          if (held.get(settled.number)?.token === settled.token) held.delete(settled.number)
        }))
      )

    const takers: Takers.Takers = yield* Takers.make({
      take: (queue, token, count, attempts) =>
        Effect.flatMap(now, (at) => elements.take({ now: at, queue, token, count, attempts, leaseMs })),
      giveBack: (queue, taken) =>
        Effect.andThen(
          Effect.forEach(taken, ({ number, token }) => settle({ number, token, state: "waiting" }), {
            concurrency: "unbounded",
            discard: true
          }),
          Effect.sync(() => announce(queue))
        ),
      onTaken: (taken) => {
        for (const one of taken) held.set(one.number, one)
      },
      now,
      pollMs: Duration.toMillis(database.pollInterval)
    })

    const renewing = Effect.gen(function*() {
      while (true) {
        yield* realSleep(leaseMs / 3)
        if (held.size === 0) continue
        yield* Effect.catch(
          elements.renew([...held.values()], leaseMs),
          (error) => log.trouble("the leases of what was taken were not renewed", error, "trying again")
        )
      }
    })
    yield* Effect.forkScoped(renewing)

    const checked = (name: string, id: string, element: string) =>
      !isName(name) || !isName(id)
        ? `the ${
          isName(name) ? "id" : "name"
        } is none: give a text of 1 to ${nameMax} characters that Postgres can store`
        : Buffer.byteLength(element) > database.payloadLimit
        ? `the element has more than ${database.payloadLimit} bytes as JSON: give a smaller one, or Stepped.layer another payloadLimit`
        : undefined

    /** With the open transaction, or together with what others offer at the moment. */
    const offering = (one: NewElement) =>
      Effect.flatMap(calls.inTransaction, (inside) => {
        if (!inside) return offerTogether(one)
        // its run is suspended until a worker has seen to it, and takes the transaction back by that
        return one.queue.startsWith(durableQueues) ? Effect.die(new Error(processedInside(one.queue))) : Effect.flatMap(
          now,
          (at) => elements.offer(at, [one])
        )
      })

    const take = (options: TakeOptions): ReturnType<Store["take"]> =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(takers.next(options.name, attemptsOf(options), restore), (taken) => {
          const json = jsonOf(taken.element)
          const { number, token } = taken
          if (Exit.isFailure(json)) {
            const failed = settle({ number, token, state: "failed", failure: failureOf(json.cause) })
            return Effect.andThen(failed, restore(take(options)))
          }
          return Effect.as(
            Effect.addFinalizer((exit) =>
              Effect.flatMap(outcomeOf(taken, exit, options, now), (settled) =>
                Effect.andThen(
                  settle(settled),
                  // whoever waits may have it, or knows when
                  settled.state === "waiting" ? Effect.sync(() => announce(options.name)) : Effect.void
                ))
            ),
            { id: taken.id, attempts: taken.attempts, element: json.value }
          )
        })
      )

    return PersistedQueueStore.of({
      offer: ({ delay, element, id, name }) =>
        Effect.gen(function*() {
          const text = JSON.stringify(element) ?? "null"
          const wrong = checked(name, id, text)
          if (wrong !== undefined) return yield* new PersistedQueueError({ message: wrong })
          const at = yield* now
          const due = Math.min(Math.ceil(at + (delay === undefined ? 0 : Duration.toMillis(delay))), lastMs)
          yield* Effect.mapError(
            offering({ queue: name, id, element: text, due }),
            (error) => Takers.failedTo("offer an element", error)
          )
          yield* database.client.afterCommit(Effect.sync(() => announce(name)))
        }),
      take: (options) => {
        calling.listen()
        return take(options)
      },
      cleanup: ({ failedTimeToLive, timeToLive }) =>
        Effect.gen(function*() {
          for (const [state, kept] of [["completed", timeToLive], ["failed", failedTimeToLive]] as const) {
            if (kept === undefined || !Duration.isFinite(kept)) continue
            const before = (yield* now) - Duration.toMillis(kept)
            while ((yield* elements.forget(state, before, forgottenAtOnce)) === forgottenAtOnce);
          }
        }).pipe(Effect.mapError((error) => Takers.failedTo("clean up elements", error)))
    })
  })

/**
 * The store of Effect's `PersistedQueue` in the engine's database: what one process offers any of them takes.
 *
 * **Details**
 *
 * Who waits is woken by what is offered, in other processes by a notification, and looks by itself once in a `pollInterval`. A delay is kept to the millisecond, by
 * the engine's user time (rule 23.5). Inside an open transaction of the client, what is offered is offered with its commit.
 *
 * What is taken is held as long as its process lives and renews its lease, however long that takes; what a dead one has held waits again when
 * the lease is over. What many offer, or have processed, at one moment is stored together.
 *
 * A process that takes keeps a connection of the pool to be woken on, unless `Stepped.layer` has `notify: false`.
 *
 * **Gotchas**
 *
 * Delivery is at least once, as the contract has it: a process that dies between what it does and the commit of that does it again. Names and ids have 1 to 255
 * characters, an element as much as `payloadLimit` says.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerPersistedQueueStore = (
  options: PersistedQueueStoreOptions = {}
): Layer.Layer<PersistedQueueStore, InvalidOption, Engine> => Layer.effect(PersistedQueueStore, make(options))
