/**
 * Those who ask for trees, wait for them, cancel some, and complete what waits for somebody outside: one process, whose connections
 * suffer as the workers' do. It must hear of nothing but a storage that does not answer; and then it does not know what has happened.
 */
import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Layer, Option, Schedule } from "effect"
import { SqlClient, SqlError } from "effect/sql"
import { join } from "node:path"
import { type ActionHandle, ActionRepo, type JobQueue, type PerformanceLane, Stepped, StorageError } from "stepped"
import { storageError } from "../../src/sql/storageError.ts"
import { awaitInWords, makeWorld, silent, type WorldOptions } from "../model/Trees.ts"
import { makeBells } from "./Bells.ts"
import { bodies, openLog, writesTo } from "./bodies.ts"
import type { Book } from "./Book.ts"
import { charters, isEnding, layerCharters } from "./Charters.ts"
import type { Undisturbed } from "./Database.ts"
import { portsLive, recalls, sailsAgain, sendShip, tends } from "./Ports.ts"
import type { Proxy } from "./Proxy.ts"
import { makeTrucks, pauseSomething } from "./Trucks.ts"
import { answersTokens, decidesOfHeld, makeVoyages, putsRight, seesOff } from "./Voyages.ts"
import {
  type Asked,
  engineOptions,
  type Group,
  groupAt,
  groupOf,
  isForetold,
  type Isolation,
  padding,
  secondMs
} from "./World.ts"

/** A tree that was certainly enqueued. */
export interface Accepted {
  readonly group: Group
  readonly place: string
  readonly id: string
  /** What its handle gave, once it did. */
  gave: string | undefined
}

export interface Clients {
  readonly accepted: ReadonlyArray<Accepted>
  /** Places that were enqueued in one transaction with an order. */
  readonly ordered: ReadonlyArray<string>
  /** Ends when all trees were asked for and what was accepted has ended. */
  readonly ask: Effect.Effect<void>
  /** Completes what waits for somebody outside, for ever. */
  readonly complete: Effect.Effect<never>
}

export interface ClientsOptions {
  readonly proxy: Proxy
  readonly isolation: Isolation
  readonly book: Book
  readonly undisturbed: Undisturbed
  /** For the log of what bodies do. */
  readonly folder: string
  readonly trees: number
  readonly seed: number
  /** Whether it is too early to ask for more. */
  readonly isEarly: () => boolean
  /** Whether it is too late. */
  readonly isOver: () => boolean
  /** Whether schedules are to come to rest. */
  readonly isSilent: () => boolean
}

/** What is asked for beside each other, where there are enough trees: what is under way when time is over takes its time to end. */
const groupsAtATime = 48
const treesForEach = 10
/** For each who asks for groups. */
const sendersPart = 1 / 4
const sailorsPart = 1 / 2
const charterersPart = 1 / 3

const tagOf = (error: unknown): string => String((error as { readonly _tag?: string } | null)?._tag ?? error)

/** Whether it is a storage that does not answer; one that refuses what it is asked for is a mistake of ours. */
const isAway = (error: unknown): boolean =>
  tagOf(error) === "EnqueueError"
    ? isAway((error as { readonly reason: unknown }).reason)
    : SqlError.isSqlError(error)
    ? storageError("ask")(error).isRetryable
    : error instanceof StorageError && error.isRetryable

/** How many of the trees the clients begin to perform themselves, beside the workers. */
const nowShare = 0.15

export const startClients = (
  { book, folder, isEarly, isolation, isOver, isSilent, proxy, seed, trees, undisturbed }: ClientsOptions
) =>
  Effect.gen(function*() {
    const file = yield* openLog(join(folder, "clients.log"))
    let run: NonNullable<WorldOptions["ran"]> = () => Effect.void
    const ran: typeof run = (entry, step) => run(entry, step)
    const world = makeWorld({ second: secondMs, groupOf, padding, ran })
    const trucks = makeTrucks(ran)
    const voyages = makeVoyages(writesTo(file))
    const bells = makeBells(ran)
    const services = yield* Effect.orDie(Layer.build(
      Layer.mergeAll(world.layer, trucks.layer, voyages.layer, portsLive, bells.layer, layerCharters).pipe(
        Layer.provideMerge(Stepped.layer(engineOptions)),
        Layer.provideMerge(PgClient.layer({
          url: proxy.url,
          maxConnections: 6,
          connectTimeout: "3 seconds",
          startupParameters: { default_transaction_isolation: isolation }
        })),
        Layer.provideMerge(silent)
      )
    ))
    run = bodies(Context.get(services, SqlClient.SqlClient), file, { isWorker: false })
    const accepted: Array<Accepted> = []
    const ordered: Array<string> = []
    let index = 0
    const asking = Math.min(groupsAtATime, Math.ceil(trees / treesForEach))

    /** Gives the answer, if there was one. */
    const answer = <A, E, R>(what: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A | undefined, never, R> =>
      Effect.catchCause(effect, (cause) =>
        Effect.sync(() => {
          // a transaction that cannot even be rolled back dies
          const isKnown = cause.reasons.every((reason) =>
            (reason._tag === "Fail" && isAway(reason.error)) || (reason._tag === "Die" && isAway(reason.defect))
          )
          if (!isKnown) book.accuse(`${what} fails: ${String(cause)}`)
          return undefined
        }))

    const enqueue = (ask: Asked & { readonly _tag: "Invoke" }, group: Group, place: string) =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const withOrder = group.ordered
        const isNow = !withOrder && Math.random() < nowShare
        const invoked = world.invoke(ask, place, isNow ? "Now" : "Later")
        book.counts.trees++
        if (isNow) book.counts["begun by clients"]++
        if (withOrder) ordered.push(place)
        const handle = yield* answer(
          `enqueueing ${place}`,
          withOrder
            ? sql.withTransaction(Effect.andThen(sql`insert into chaos.orders ${sql.insert({ place })}`, invoked))
            : invoked
        )
        if (handle === undefined) return undefined
        book.counts.accepted++
        const one: Accepted = { group, place, id: handle.id, gave: undefined }
        accepted.push(one)
        return [one, handle] as const
      })

    const untilItAnswers = (handle: ActionHandle): ActionHandle => ({
      id: handle.id,
      actor: handle.actor,
      action: handle.action,
      awaitFor: handle.awaitFor,
      cancel: handle.cancel,
      explain: handle.explain,
      status: handle.status,
      events: handle.events,
      send: handle.send,
      sendFailure: handle.sendFailure,
      await: Effect.retry(handle.await as Effect.Effect<unknown, unknown>, {
        while: isAway,
        schedule: Schedule.spaced("200 millis")
      }) as ActionHandle["await"]
    })

    const askFor = (group: Group) =>
      Effect.gen(function*() {
        const handles = yield* Effect.forEach(
          group.asks.filter((ask) => ask._tag === "Invoke"),
          (ask, i) => enqueue(ask, group, `${group.name}-${i}`),
          { concurrency: "unbounded" }
        )
        for (const ask of group.asks) {
          const found = ask._tag === "Cancel" ? handles[ask.handle % handles.length] : undefined
          if (found !== undefined) yield* answer(`cancelling ${found[0].place}`, found[1].cancel())
        }
        yield* Effect.forEach(
          handles.filter((found) => found !== undefined),
          ([one, handle]) =>
            Effect.map(awaitInWords(untilItAnswers(handle)), (gave) => {
              one.gave = gave
            }),
          { concurrency: "unbounded", discard: true }
        )
      })

    const alone: Group = { name: "trucks", asks: [], foretold: undefined, ordered: false }
    /** Sends trucks to named lanes, some of which are called back, and learns how they end. */
    const send = Effect.gen(function*() {
      const sent: Array<readonly [Accepted, ActionHandle]> = []
      for (const _ of Array(1 + Math.floor(Math.random() * 4)).keys()) {
        const place = `truck-${book.counts["trucks in named lanes"]++}`
        const handle = yield* answer(`enqueueing ${place}`, trucks.send(place))
        if (handle === undefined) continue
        const one: Accepted = { group: alone, place, id: handle.id, gave: undefined }
        accepted.push(one)
        sent.push([one, handle])
      }
      for (const [{ place }, handle] of sent) {
        if (Math.random() < 0.1) yield* answer(`cancelling ${place}`, handle.cancel())
      }
      yield* Effect.forEach(sent, ([one, handle]) =>
        Effect.map(awaitInWords(untilItAnswers(handle)), (gave) => {
          one.gave = gave
        }), { concurrency: "unbounded", discard: true })
    })

    const voyage: Group = { name: "voyages", asks: [], foretold: undefined, ordered: false }
    /** One voyage, which is waited for to its end. */
    const sail = Effect.gen(function*() {
      const number = book.counts.voyages++
      const handle = yield* answer(`enqueueing voyage ${number}`, voyages.send(number))
      if (handle === undefined) return
      const one: Accepted = { group: voyage, place: `voyage ${number}`, id: handle.id, gave: undefined }
      accepted.push(one)
      yield* seesOff(handle, number, (effect) => answer(`seeing off voyage ${number}`, effect))
      const gave = yield* awaitInWords(untilItAnswers(handle))
      yield* putsRight(handle, (effect) => answer(`putting voyage ${number} right`, effect))
      one.gave = ["Wreck", "StepTimedOut"].includes(gave) ? "failed" : /^\d+(,\d+)*$/.test(gave) ? "nothing" : gave
    })
    const sails = Effect.gen(function*() {
      while (book.counts.trees < trees && !isOver()) yield* sail
    })

    const fleet: Group = { name: "ships", asks: [], foretold: undefined, ordered: false }
    /** One ship, which is waited for to its end, and goes on after that. */
    const ships = Effect.gen(function*() {
      const number = book.counts.ships++
      const asks = answer(`enqueueing ship ${number}`, sendShip(number))
      const [first, again] = [yield* asks, yield* asks]
      const handle = first ?? again
      if (handle === undefined) return
      if (first !== undefined && again !== undefined && first.id !== again.id) {
        book.accuse(`ship ${number} is there twice`)
      }
      const one: Accepted = { group: fleet, place: `ship ${number}`, id: handle.id, gave: undefined }
      accepted.push(one)
      const tried = <A, E, R>(effect: Effect.Effect<A, E, R>) => answer(`tending ship ${number}`, effect)
      yield* tends(handle, number, tried)
      const gave = yield* awaitInWords(untilItAnswers(handle as ActionHandle))
      const wrong = yield* sailsAgain(handle, number, tried)
      if (wrong !== undefined) book.accuse(wrong)
      one.gave = gave === "Sunk" ? "failed" : gave === "HeartbeatTimedOut" ? "timed_out" : gave
    })
    const recalling = recalls((effect) => answer("recalling ships", effect))
    /** One execution of a workflow after another, each to its end. */
    const executes = Effect.gen(function*() {
      while (book.counts.trees < trees && !isOver()) {
        const number = book.counts.executions++
        const gave = yield* charters(number, (effect) => answer(`charter ${number}`, effect))
        if (!isEnding(gave)) book.accuse(`charter ${number} gave ${gave}`)
      }
    })
    const pilots = Effect.gen(function*() {
      yield* Effect.sleep("500 millis")
      yield* answersTokens((effect) => answer("answering a token", effect))
      yield* decidesOfHeld((effect) => answer("deciding of a step", effect))
    })

    /** Sends trucks, and pauses lanes and more, for as long as there are trees to ask for; once also where those are all asked for early. */
    const meanwhile = (
      what: Effect.Effect<
        void,
        never,
        Effect.Services<typeof send> | ActionRepo | JobQueue | PerformanceLane
      >
    ) =>
      Effect.gen(function*() {
        while (isEarly() && !isOver()) yield* Effect.sleep("50 millis")
        do {
          yield* what
        } while (book.counts.trees < trees && !isOver())
      })
    const pauses = Effect.gen(function*() {
      yield* Effect.sleep(Math.random() * 1500)
      book.counts.pauses++
      yield* pauseSomething((effect) => answer("pausing", effect))
    })

    const rings = Effect.gen(function*() {
      yield* Effect.orDie(Effect.retry(bells.hang, { while: isAway, schedule: Schedule.spaced("200 millis") }))
      while (!isSilent()) {
        yield* Effect.sleep(Math.random() * 1500)
        book.counts["schedules meddled with"]++
        yield* answer("meddling with a schedule", bells.meddle)
      }
    })

    const ask = Effect.gen(function*() {
      while (book.counts.trees < trees && !isOver()) {
        if (isEarly()) yield* Effect.sleep("50 millis")
        else yield* askFor(groupAt(seed, index++))
      }
    })

    const waiting = undisturbed(
      Effect.flatMap(SqlClient.SqlClient, (sql) =>
        sql.unsafe<{ id: string; place: string; phase: number }>(
          "select id, arguments->>0 as place, phase from stepped.live_actions where flags & 16 <> 0 and status = 1 and outcome is null and definition not like 'Port/%'"
        ))
    )

    const complete = Effect.gen(function*() {
      const repo = yield* ActionRepo
      while (true) {
        // in crowds also, now and then, what has not come so far
        const due = (yield* waiting).filter(({ phase, place }) =>
          phase === 2 || (!isForetold(place) && Math.random() < 0.02)
        )
        yield* Effect.forEach(due, ({ id, place }) =>
          answer(
            `completing ${place}`,
            Effect.flatMap(
              repo.find(id),
              (found) => Option.isSome(found) ? world.complete(found.value) : Effect.succeed(false)
            )
          ), { concurrency: 16, discard: true })
        yield* Effect.sleep("100 millis")
      }
    })

    return {
      accepted,
      ordered,
      ask: Effect.all([
        ...Array.from({ length: asking }, () => ask),
        ...Array.from({ length: asking * sendersPart }, () => meanwhile(send)),
        ...Array.from({ length: asking * sailorsPart }, () => sails),
        ...Array.from({ length: asking * sailorsPart }, () => meanwhile(ships)),
        meanwhile(recalling),
        ...Array.from({ length: asking * charterersPart }, () => executes),
        meanwhile(pauses),
        rings
      ], { concurrency: "unbounded", discard: true }).pipe(Effect.provide(services)),
      complete: Effect.provide(
        Effect.zipWith(complete, Effect.forever(pilots), (never) => never, { concurrent: true }),
        services
      )
    } satisfies Clients
  })
