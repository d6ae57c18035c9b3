/**
 * Trees of the model under faults: a scenario is performed by processes that fail, and ends as the model says.
 */
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { ActionRepo, Engine } from "stepped"
import { begunOnly, nameOf, type Op, type Outcome, outcomes, type Scenario } from "../model/Model.ts"
import { orderTo } from "../model/Orders.ts"
import { awaitInWords, type Invoke, makeWorld, planIn, refsOf, stored, type World } from "../model/Trees.ts"
import type { Stage, Tree } from "./Trial.ts"

/** How many passes of the model bring it to rest. */
const passes = 40

/** As the model performs it: where a worker is, everything goes on until nothing does. */
const toRest = (scenario: Scenario): Scenario =>
  scenario.flatMap((op): ReadonlyArray<Op> => op._tag === "Perform" ? Array(passes).fill(op) : [op])

export interface Seen extends Omit<Outcome, "cancelled"> {
  /** Of each cancellation, whether it ended its action; nothing where faults left that open. */
  readonly cancelled: ReadonlyArray<boolean | undefined>
  /** Actions whose transactional step succeeded, once for each time that its SQL was committed. */
  readonly effects: ReadonlyArray<string>
  /** Bodies and callbacks that ran twice although nobody had died or lost a lease. */
  readonly twice: ReadonlyArray<string>
}

const sorted = (log: ReadonlyArray<string>) => [...new Set(log)].sort()

const withEffects = (actions: Outcome["actions"]): ReadonlyArray<string> =>
  actions.filter(({ definition, steps }) =>
    definition.endsWith("number") && steps.some(({ name, status }) => name === "second" && status === "succeeded")
  ).map(({ key }) => key)

/**
 * A closed cycle of waiting is seen by whoever closes it, and then the invocation is never stored; where two close it at once, by whoever
 * looks next. Both are one outcome.
 */
export const deadlockedEither = <Some extends Pick<Outcome, "actions">>(one: Some): Some => {
  const late = new Set(
    one.actions.filter(({ callbacks, result, status, steps, supersededBy }) =>
      status === "deadlocked" && steps.length === 0 && callbacks[0] + callbacks[1] === 0 && result === null &&
      supersededBy === null
    ).map(({ key }) => key)
  )
  const slotOf = (slot: string) => late.has(slot.replace(/ deadlocked$/, "")) ? "unstored deadlocked" : slot
  return {
    ...one,
    actions: one.actions.filter(({ key }) => !late.has(key)).map((action) => ({
      ...action,
      steps: action.steps.map((step) => ({ ...step, slots: step.slots.map(slotOf) }))
    }))
  }
}

export const expected = (outcome: Outcome): Seen => ({
  ...deadlockedEither(outcome),
  log: sorted(outcome.log),
  effects: withEffects(outcome.actions),
  twice: []
})

/** A value in parts, so that two that are almost the same differ in few of them. */
const partsOf = (value: unknown, at: string): ReadonlyArray<string> =>
  typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, part]) => partsOf(part, `${at} ${key}`))
    : [`${at} ${String(value)}`]

/** What came out otherwise: of actions their keys first. */
export const differences = (seen: Seen, other: Seen): ReadonlyArray<string> => {
  const apart = (mine: ReadonlyArray<string>, theirs: ReadonlyArray<string>) => {
    const [one, another] = [new Set(mine), new Set(theirs)]
    return [...mine.filter((part) => !another.has(part)), ...theirs.filter((part) => !one.has(part))]
  }
  const actionsOf = ({ actions }: Seen) => actions.flatMap((action) => partsOf(action, action.key))
  const said = seen.cancelled.flatMap((verdict, i) => verdict === undefined ? [] : [i])
  const verdictsOf = ({ cancelled }: Seen) => said.map((i) => `${cancelled[i]} cancelled ${i}`)
  const rest = ({ achievements, drained, effects, handles, log }: Seen) => [
    ...partsOf({ handles, drained }, ""),
    ...achievements,
    ...effects.map((effect) => `${effect} effect`),
    ...log.map((entry) => `${entry.split(" ")[1]} ${entry}`)
  ]
  return [
    ...apart(actionsOf(seen), actionsOf(other)),
    ...apart(verdictsOf(seen), verdictsOf(other)),
    ...apart(rest(seen), rest(other)),
    ...seen.twice
  ]
}

/**
 * `Perform` in it means: until nothing goes on by itself. Invocations one after another are made together. The outcome of a tree
 * that is `racy` may hang on who is faster: then any order of turns that the rules allow is right.
 */
export const planned = (name: string, scenario: Scenario, { racy = false } = {}): Tree => {
  let allowed: ReadonlyArray<Seen> | undefined
  let isKnown = false
  return {
    name,
    cast: () => {
      if (!isKnown) allowed = outcomes(toRest(scenario))?.map(expected)
      isKnown = true
      const log: Array<string> = []
      const transactional = new Set<string>()
      const world = makeWorld({ second: 1000 })
      return {
        allowed: racy ? allowed ?? [] : allowed,
        ...racy
          ? {
            inOtherOrder: (seen) =>
              orderTo(scenario, (outcome) => differences(seen as Seen, expected(outcome)), {
                ran: log,
                tries: 600_000
              })
          }
          : {},
        definitions: Layer.unwrap(Effect.map(SqlClient.SqlClient, (sql) =>
          makeWorld({
            second: 1000,
            ran: (entry, step) =>
              Effect.andThen(
                Effect.sync(() => void log.push(entry)),
                Effect.suspend(() => {
                  if (step?.transactional !== true) return Effect.void
                  transactional.add(entry)
                  return Effect.orDie(sql`insert into effects values (${entry.split(" ")[1]!})`)
                })
              )
          }).layer)),
        play: (stage) =>
          Effect.gen(function*() {
            const { cancelled, drained, handles } = yield* perform(stage, world, scenario)
            const { achievements, actions } = yield* Effect.provideService(stored, SqlClient.SqlClient, stage.sql)
            const effects = (yield* stage.sql<{ entry: string }>`select entry from effects order by entry`)
              .map(({ entry }) => entry)
            const succeeded = new Set(withEffects(actions))
            const twice = log.filter((entry, i) =>
              log.indexOf(entry) !== i && !transactional.has(entry) && !entry.startsWith("before")
            )
            return {
              ...deadlockedEither(begunOnly({ drained, cancelled: [], handles, actions, achievements, log })),
              cancelled,
              log: sorted(log),
              effects: effects.filter((entry, i) => succeeded.has(entry) || effects.indexOf(entry) !== i),
              twice: stage.mayRepeat() ? [] : twice
            } satisfies Seen
          })
      }
    }
  }
}

/** Where an invocation's handle is found again by a process that did not make it. */
interface Invoked {
  readonly id: string
  readonly op: Invoke
}

const perform = (stage: Stage, world: World, scenario: Scenario) =>
  Effect.gen(function*() {
    const invoked: Array<Invoked> = []
    const cancelled: Array<boolean | undefined> = []
    for (let i = 0; i < scenario.length; i++) {
      const op = scenario[i]!
      switch (op._tag) {
        case "Invoke": {
          const end = scenario.findIndex((other, n) => n > i && other._tag !== "Invoke")
          const group = scenario.slice(i, end === -1 ? undefined : end) as ReadonlyArray<Invoke>
          invoked.push(...yield* invokeAll(stage, world, group, invoked))
          i += group.length - 1
          break
        }
        case "Perform":
          yield* stage.idle
          break
        case "Advance":
          yield* stage.advance(op.seconds * 1000)
          break
        case "Cancel":
          cancelled.push(yield* cancel(stage, invoked[op.handle % invoked.length]!))
      }
    }
    const left = yield* stage.drain(completeAll(stage, world, false))
    yield* stage.advance(3_600_000)
    yield* stage.drain(completeAll(stage, world, true))
    const handles = yield* Effect.forEach(invoked, (one) => stage.insist(awaited(one)))
    return { cancelled, drained: !left, handles }
  })

/** Invokes a group; what a client stored before it failed or died is found, and not invoked again. */
const invokeAll = (stage: Stage, world: World, group: ReadonlyArray<Invoke>, before: ReadonlyArray<Invoked>) =>
  Effect.gen(function*() {
    const ids = new Map<number, string>()
    const placeOf = (i: number) => String(before.length + i)
    for (let attempt = 0; ids.size < group.length && attempt < 10; attempt++) {
      const rest = [...group.keys()].filter((i) => !ids.has(i))
      const heard = yield* stage.ask(
        Effect.forEach(rest, (i) => world.invoke(group[i]!, placeOf(i)), { concurrency: "unbounded" })
      )
      if (heard._tag === "Answer") {
        for (const [n, { id }] of heard.value.entries()) ids.set(rest[n]!, id)
        continue
      }
      const known = new Set([...before.map(({ id }) => id), ...ids.values()])
      for (const found of yield* invocations(stage)) {
        const i = rest.find((i) =>
          !ids.has(i) && (found.place === null
            ? found.definition === definitionOf(group[i]!) && !known.has(found.id)
            : found.place === placeOf(i))
        )
        if (i !== undefined) ids.set(i, found.id)
      }
    }
    return group.map((op, i): Invoked => ({ op, id: ids.get(i)! }))
  })

const definitionOf = ({ actor, plan }: Invoke) => `${refsOf(0)[actor]!.type}/${nameOf(plan.shape)}`

/** Every invocation that is stored; what was joined or achieved has no place any more. */
const invocations = ({ sql }: Stage) =>
  sql<{ readonly id: string; readonly place: string | null; readonly definition: string }>`
    select action as id, arguments->>0 as place, definition from stepped.jobs where kind = 0
    union all select id, arguments->>0, definition from stepped.live_actions
    union all select id, arguments->>0, definition from stepped.ended_actions
    union all select id, null, definition from stepped.outcomes`

const handleOf = ({ id, op }: Invoked) =>
  Effect.flatMap(Engine, (engine) => {
    const ref = refsOf(0)[op.actor]!
    return engine.handle(ref, engine.find(ref.type, nameOf(op.plan.shape))!, id)
  })

const awaited = (invoked: Invoked) =>
  Effect.flatMap(
    Effect.flatMap(handleOf(invoked), awaitInWords),
    (words) => words === "StorageError" ? Effect.fail(words) : Effect.succeed(words)
  )

/** The verdict, where no fault has left it open. */
const cancel = (stage: Stage, invoked: Invoked): Effect.Effect<boolean | undefined> =>
  Effect.gen(function*() {
    const heard = yield* stage.ask(Effect.flatMap(handleOf(invoked), ({ cancel }) => cancel()))
    if (heard._tag === "Answer") return heard.value
    yield* stage.insist(Effect.flatMap(handleOf(invoked), ({ cancel }) => cancel()))
    return undefined
  })

/** Completes what waits for somebody outside as its plan says, all at once; gives whether there was something. */
const completeAll = (stage: Stage, world: World, everything: boolean) =>
  Effect.suspend(() => {
    // an answer that is lost takes nothing back; what goes on because of it is not at rest, and not for a second try
    let some = false
    let first: ReadonlySet<string> | undefined
    return Effect.map(
      stage.insist(Effect.gen(function*() {
        const repo = yield* ActionRepo
        const sql = yield* SqlClient.SqlClient
        // of processes whose user time stands still the ids are in no order: children come before their parents all the same
        const waiting = (yield* repo.list({ statuses: ["performing"], limit: 1000 })).filter((record) =>
          record.outbound && (everything || planIn(record).outside !== "ignored") && (first?.has(record.id) ?? true)
        ).toSorted((a, b) => b.depth - a.depth)
        first ??= new Set(waiting.map(({ id }) => id))
        some ||= waiting.length > 0
        const complete = Effect.forEach(waiting, world.complete, { discard: true })
        yield* waiting.length > 1 ? sql.withTransaction(complete) : complete
      })),
      () => some
    )
  })
