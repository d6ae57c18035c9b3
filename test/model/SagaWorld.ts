/** Random sagas, definitions that do in a real engine what they say, and what is to be seen of them. */
import { assert } from "@effect/vitest"
import { Clock, Effect, Schedule, Schema } from "effect"
import type { Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { ActionRepo, Step, Stepped } from "stepped"
import type { AnyAction, Engine } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { type SagaEnd, sagaEnd } from "./SagaModel.ts"
import {
  type Asked,
  fromOf,
  type Kind,
  kinds,
  optionsOf,
  placeOf,
  retries,
  type Saga,
  type SagaScenario,
  type SagaStep,
  stepNames,
  type Sweep,
  timesAt,
  type UndoPlan,
  undoRetries,
  type Verb,
  verbs
} from "./SagaPlan.ts"
import { brokenRules, clear, looseActions } from "./Trees.ts"

const levels = [0, 1, 2]

// ---------------------------------------------------------------------------------------------------------------------
// random sagas
// ---------------------------------------------------------------------------------------------------------------------

/** In steps that are made different from one another (`distinct`). */
const millis = fc.integer({ min: 1, max: 50 })
const waits = fc.oneof(
  { weight: 2, arbitrary: fc.constant<ReadonlyArray<number>>([]) },
  { weight: 1, arbitrary: fc.array(millis, { minLength: 1, maxLength: 2 }) }
)
const fails = (...weights: ReadonlyArray<number>) =>
  fc.oneof(...weights.map((weight, n) => ({ weight, arbitrary: fc.constant(n) })))
const undo: fc.Arbitrary<UndoPlan> = fc.record({ fails: fails(12, 4, 2, 2, 1), waits })

const sagaStep = (level: number): fc.Arbitrary<SagaStep> =>
  fc.record({
    fails: fails(8, 2, 1, 2, 1),
    children: level === levels.at(-1) ? fc.constant([]) : fc.array(sagaOf(level + 1), { maxLength: 2 }),
    waits,
    undo
  })

const sagaOf = (level: number): fc.Arbitrary<Saga> =>
  fc.record({
    kind: fc.constantFrom(...kinds),
    timeout: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: millis }),
    hears: level > 0
      ? fc.constant(null)
      : fc.oneof(
        { weight: 2, arbitrary: fc.constant(null) },
        { weight: 1, arbitrary: fc.array(millis, { maxLength: 3 }) }
      ),
    steps: fc.tuple(sagaStep(level), sagaStep(level), sagaStep(level))
  })

const maybe = fc.oneof({ weight: 1, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: millis })

/** The same scenario with durations of which no two, and no two sums, come to the same moment. */
const distinct = (scenario: SagaScenario): SagaScenario => {
  let count = 0
  const long = (n: number) => n * 1_000_000 + (++count * 104_729 + count ** 3 * 7919) % 999_983
  const maybeLong = (n: number | null) => n === null ? null : long(n)
  const all = ({ hears, steps, timeout, ...saga }: Saga): Saga => ({
    ...saga,
    timeout: maybeLong(timeout),
    hears: hears === null ? null : hears.map(long),
    steps: steps.map(({ children, undo, waits, ...step }) => ({
      ...step,
      waits: waits.map(long),
      undo: { ...undo, waits: undo.waits.map(long) },
      children: children.map(all)
    })) as unknown as Saga["steps"]
  })
  return {
    ...scenario,
    saga: all(scenario.saga),
    cancelAt: maybeLong(scenario.cancelAt),
    abandonAt: maybeLong(scenario.abandonAt)
  }
}

export const sagaScenarios: fc.Arbitrary<SagaScenario> = fc.record({
  saga: sagaOf(0),
  cancelAt: maybe,
  abandonAt: maybe,
  sweeps: fc.array(
    fc.record<Sweep>({ verb: fc.constantFrom(...verbs, "undo", "retry"), direction: fc.constantFrom("down", "up") }),
    { maxLength: 3 }
  )
}).map(distinct)

/** A scenario for people. */
export const showSaga = ({ abandonAt, cancelAt, saga, sweeps }: SagaScenario): string =>
  [
    showOne(saga, "0"),
    `cancelled at ${cancelAt}, unwinding abandoned at ${abandonAt}, asked for then: [${
      sweeps.map(({ direction, verb }) => `${verb} ${direction}`).join()
    }]`
  ].join("\n")

const showOne = (saga: Saga, place: string): string =>
  [
    `${place}: ${saga.kind}, timeout ${saga.timeout}, hears ${
      saga.hears === null ? "nothing" : `[${saga.hears.join()}]`
    }`,
    ...saga.steps.flatMap(({ children, fails, undo, waits }, i) => [
      `  ${
        stepNames[i]
      } fails ${fails}, waits [${waits.join()}], undoing fails ${undo.fails}, waits [${undo.waits.join()}]`,
      ...children.map((child, n) => showOne(child, placeOf(place, i, n)).replaceAll(/^/gm, "  "))
    ])
  ].join("\n")

// ---------------------------------------------------------------------------------------------------------------------
// real definitions
// ---------------------------------------------------------------------------------------------------------------------

class Journey extends Stepped.Actor<Journey>()("Journey", { id: Schema.Int }) {}
const go = Stepped.signal("go")
class Oops extends Schema.TaggedError<Oops>()("Oops", {}) {}

/** What ran where, when, and with which key. */
const log: Array<readonly [place: string, entry: string]> = []
/** How often each body has run, of what undoes a step for each action. */
const ran = new Map<string, number>()
const counted = (key: string) => {
  const before = ran.get(key) ?? 0
  ran.set(key, before + 1)
  return before
}

const noted = (place: string, what: string, more = "") =>
  Effect.gen(function*() {
    const { attemptNumber, idempotencyKey } = yield* Step
    log.push([place, `${yield* Clock.currentTimeMillis} ${what} ${attemptNumber}${more} ${idempotencyKey}`])
  })

const nameOf = (kind: Kind, level: number) => `${kind}${level}`

// Definitions that are made in a loop have no types of their own.
interface LooseSaga extends AnyAction {
  readonly step: (name: string, body: unknown, options: unknown) => LooseSaga
}

const define = (kind: Kind, level: number): AnyAction => {
  const times = timesAt(level)
  const body = (index: number) => (place: string, { hears, steps }: Saga) =>
    Effect.gen(function*() {
      const once = yield* Step.once("once", Effect.sync(() => counted(`${place} ${index} once`)))
      yield* noted(place, stepNames[index]!, ` once ${once}`)
      const { children, fails, waits } = steps[index]!
      if (counted(`${place} ${index}`) < fails) return yield* new Oops()
      for (const [n, child] of children.entries()) {
        yield* Step.do(actionOf(child, level + 1), placeOf(place, index, n), child)
      }
      for (const ms of waits) yield* Step.wait(ms)
      if (hears !== null && index === 1) yield* Step.waitFor(go)
    })
  const undo = (index: number, what: string) => ({
    run: (_: unknown, place: string, { steps }: Saga) =>
      Effect.gen(function*() {
        yield* noted(place, `${what} ${stepNames[index]}`)
        const { fails, waits } = steps[index]!.undo
        if (counted(`${(yield* Step).actionId} ${index}`) < fails) return yield* new Oops()
        for (const ms of waits) yield* Step.wait(ms)
      }),
    retry: { schedule: Schedule.spaced(times.undoRetry), times: undoRetries }
  })
  let action = Stepped.action(nameOf(kind, level), {
    arguments: [Schema.String, Schema.Json],
    error: Oops,
    signals: [go],
    concurrencyKey: (place: string) => place,
    timeout: (_: string, saga: unknown) => (saga as Saga).timeout ?? undefined,
    ...kind === "keeps" ? { compensateWhen: () => false } : {},
    ...kind === "stop" ? { compensation: { onFailure: "stop" as const } } : {},
    ...kind === "timed" ? { compensation: { timeout: times.undoLimit } } : {}
  } as never) as unknown as LooseSaga
  for (const [index, name] of stepNames.entries()) {
    const options = optionsOf(kind, index)
    action = action.step(name, body(index), {
      compensate: undo(index, "undoes"),
      ...options.retries ? { retry: { schedule: Schedule.spaced(times.retry), times: retries } } : {},
      ...options.timesOut ? { timeout: times.stepTimeout } : {},
      ...options.compensatesFailed ? { compensateFailed: undo(index, "mends") } : {},
      unwind: options.unwinds,
      pointOfNoReturn: options.isPoint
    })
  }
  return action
}

const actions = new Map(levels.flatMap((level) => kinds.map((kind) => [nameOf(kind, level), define(kind, level)])))
const actionOf = ({ kind }: Saga, level: number) => actions.get(nameOf(kind, level))!

const Journeys = looseActions(Journey, [...actions.values()])

export const JourneysLive: Layer.Layer<never, never, Engine> = Journeys.toLayer(Effect.succeed({}))

// ---------------------------------------------------------------------------------------------------------------------
// performing and looking
// ---------------------------------------------------------------------------------------------------------------------

const statusNames = ["pending", "performing", "succeeded", "superseded", "cancelled", "failed", "timed_out"]

interface CauseOf {
  readonly notUndone?: ReadonlyArray<{ readonly step: string; readonly child?: string }>
  readonly uncertain?: ReadonlyArray<string>
}

/** All that has ended, in the words of the model. */
const seen = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const ended = yield* sql.unsafe<
    {
      id: string
      place: string
      status: number
      cause: CauseOf | null
      unwound: CauseOf | null
      parent: string | null
      retry_of: string | null
    }
  >(
    "select id, arguments->>0 as place, status, cause, unwound, parent, retry_of from stepped.ended_actions order by id"
  )
  const steps = Map.groupBy(
    yield* sql.unsafe<{ action: string; name: string; status: string }>(
      "select action, name, status from stepped.action_steps order by action, idx"
    ),
    ({ action }) => action
  )
  const actions = Map.groupBy(ended, ({ place }) => place)
  const names = new Map(
    ended.map(({ id, place }) => [id, `${place}#${actions.get(place)!.findIndex((one) => one.id === id)}`])
  )
  /** With the names of the model. */
  const inWords = (text: string) => text.replaceAll(ids, (id) => names.get(id) ?? id)
  const [signals] = yield* sql<{ read: number }>`
    select count(*) filter (where step is not null)::int as read from stepped.signals`
  return {
    read: signals!.read,
    actions: new Map([...actions].map(([place, ones]) => [
      place,
      ones.map(({ cause, id, parent, retry_of: retryOf, status, unwound }) => {
        const of = unwound ?? cause
        return {
          status: statusNames[status],
          rows: (steps.get(id) ?? []).map(({ name, status }) => ({ name, status })),
          notUndone: (of?.notUndone ?? []).flatMap(({ child, step }) => child === undefined ? [step] : []),
          uncertain: [...of?.uncertain ?? []],
          parent: parent === null ? null : inWords(parent),
          retryOf: retryOf === null ? null : inWords(retryOf)
        }
      })
    ])),
    log: Map.groupBy(log.map(([place, entry]) => [place, inWords(entry)] as const), ([place]) => place),
    inWords
  }
})

const ids = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g

const inOrder = <A>(map: ReadonlyMap<string, A>) => [...map].sort(([one], [other]) => one < other ? -1 : 1)

/** What the operator is answered, with ids. */
const ask = (id: string, verb: Verb) =>
  Effect.gen(function*() {
    const repo = yield* ActionRepo
    if (verb === "undo") {
      const answer = yield* repo.compensateAgain(id)
      return answer._tag === "Compensating"
        ? `again ${answer.steps.join()}`
        : answer._tag === "NotCompensable"
        ? answer.reason
        : "none"
    }
    const from = fromOf(verb)
    const answer = yield* repo.retry(id, from === undefined ? {} : { from: stepNames[from]! })
    switch (answer._tag) {
      case "Retried":
        return `retried ${answer.retryOf} by ${answer.id}`
      case "AlreadyRetried":
        return `already ${answer.id}`
      case "NotRetryable":
        return [answer.reason, answer.action, ...answer.step === undefined ? [] : [answer.step]].join(" ")
      default:
        return answer._tag
    }
  })

/** The operator: asks of one action after another, each at a time of its own, and waits until all of that is over. */
const sweep = ({ direction, verb }: Sweep, begun: number) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const ended = yield* sql.unsafe<{ id: string; place: string; nth: number }>(
      `select id, arguments->>0 as place, (row_number() over (partition by arguments->>0 order by id))::int - 1 as nth
        from stepped.ended_actions order by length(arguments->>0) ${
        direction === "up" ? "desc" : ""
      }, arguments->>0, id`
    )
    return yield* Effect.forEach(ended, ({ id, nth, place }) =>
      Effect.gen(function*() {
        yield* TestClock.adjust(1)
        const asked: Asked = { verb, place, nth, at: (yield* Clock.currentTimeMillis) - begun }
        const answer = yield* ask(id, verb)
        if (/^(again|retried) /.test(answer)) yield* performSteppedActions({ timeouts: true })
        return [asked, answer] as const
      }))
  })

/** Performs a scenario, and fails where what has come of it is not what the model says. */
export const undoneAsTheModelSays = (scenario: SagaScenario) =>
  Effect.gen(function*() {
    yield* clear
    log.length = 0
    ran.clear()
    const begun = yield* Clock.currentTimeMillis
    const repo = yield* ActionRepo
    const handle = yield* Stepped.enqueue(Journey.ref(1), actionOf(scenario.saga, 0), "0", scenario.saga)
    // again under its key, as by somebody who has not heard that it was sent
    const sends = (n: number) =>
      Effect.repeat(Stepped.send(handle.id, go, undefined, { key: String(n) }), { times: 1 }).pipe(
        Effect.asVoid,
        Effect.orDie
      )
    const ops = [
      ...(scenario.saga.hears ?? []).map((at, n) => [at, sends(n)] as const),
      [scenario.cancelAt, Effect.asVoid(handle.cancel())] as const,
      [scenario.abandonAt, Effect.asVoid(repo.abandonUnwinding(handle.id, { reason: "rain" }))] as const
    ].flatMap(([at, op]) => at === null ? [] : [[at, op] as const]).sort(([one], [other]) => one - other)
    for (const [at, op] of ops) {
      const now = yield* Clock.currentTimeMillis
      yield* performSteppedActions({ until: begun + at - now, timeouts: true })
      yield* op
    }
    yield* performSteppedActions({ timeouts: true })
    yield* comparedTo(sagaEnd(scenario), begun)
    const asked = (yield* Effect.forEach(scenario.sweeps, (one) => sweep(one, begun))).flat()
    const due = sagaEnd(scenario, asked.map(([one]) => one))
    const { inWords } = yield* seen
    assert.deepStrictEqual(
      asked.map(([{ nth, place }, answer]) => `${place}#${nth} ${inWords(answer)}`),
      asked.map(([{ nth, place }], i) => `${place}#${nth} ${due.answers[i]}`)
    )
    yield* comparedTo(due, begun)
    assert.deepStrictEqual(yield* brokenRules({ oneClock: true }), [])
  })

const comparedTo = (due: SagaEnd, begun: number) =>
  Effect.gen(function*() {
    const { actions, log: entries, read } = yield* seen
    assert.strictEqual(read, due.read)
    assert.deepStrictEqual(
      inOrder(
        new Map([...entries].map(([place, all]) => [
          place,
          all.map(([, entry]) => entry.replace(/^\d+/, (at) => String(Number(at) - begun)))
        ]))
      ),
      inOrder(new Map([...due.log].filter(([, all]) => all.length > 0)))
    )
    assert.deepStrictEqual(inOrder(actions), inOrder(due.actions) as never)
  })
