/**
 * Two ends for one action, each before the other: the first is held up in the middle of its transition, with its locks and not
 * committed, until the second has come. Exactly one wins, the callbacks run once, the lane moves on once, and the parent is told once
 * (rules 1.2, 4.4, 4.5); what comes later still, while the callbacks run or when all is over, finds nothing to end.
 *
 * Three actions share the lane: the current one, whose body runs; the next one, which is pending; a newcomer, where one comes. A newcomer
 * supersedes the next one and never the current one (rule 2.5 c), which all other ends need: there the two meet in the lane, whose
 * next performer is either superseded or begins. A pending action can be cancelled too: that end meets a newcomer at one action. Two ends
 * of one body are those of two workers: one that has lost its lease, and the one that has taken over.
 */
import type { PgClient } from "@effect/sql-pg"
import { assert, beforeEach, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Option, Schema } from "effect"
import type { Scope } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Step, Stepped } from "stepped"
import type { ActionRecord } from "stepped"
import { performDue } from "stepped/testing"
import { healthy, server } from "../harness/databases.ts"
import { layerDeploy } from "../harness/deploying.ts"
import { Halt } from "../harness/intercepting.ts"
import { recordsOf, slotsOf, stepsOf } from "../harness/observing.ts"
import { performIdle } from "../harness/performing.ts"
import { blocked, gated } from "../harness/racing.ts"
import { allEnded, until } from "../harness/workers.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}

type Role = "current" | "next" | "newcomer" | "newer"
const roles: ReadonlyArray<Role> = ["current", "next", "newcomer", "newer"]
const carOf = (role: Role) => roles.indexOf(role)

const seen: Array<string> = []
const note = (text: string) => Effect.sync(() => void seen.push(text))
let bodies: ReadonlyArray<Halt<"well" | "badly">> = []
let begun = 0
let callback: { readonly role: Role; readonly halt: Halt<void> } | undefined
beforeEach(() => {
  seen.length = 0
  bodies = [new Halt(), new Halt()]
  begun = 0
  callback = undefined
})

// deaf to interruptions: it always comes to its end, also when that is too late
const body = (role: Role) =>
  role !== "current"
    ? note(`${role} performs`)
    : Effect.uninterruptible(
      Effect.flatMap(Effect.suspend(() => bodies[begun++]!.here), (end) =>
        end === "well" ? Effect.void : Effect.fail("no"))
    )
const called = (role: Role, { status }: { readonly status: string }) =>
  Effect.andThen(note(`callback ${role} ${status}`), callback?.role === role ? callback.halt.here : Effect.void)

const options = {
  arguments: [Schema.Literals(roles)],
  error: Schema.String,
  timeout: (role: Role) => role === "current" ? "1 minute" : "1 hour",
  concurrencyKey: () => "lane"
} as const
const plain = Stepped.action("plain", options).step("body", body)
const hooked = Stepped.action("hooked", options).step("body", body).after(called)
const plainOutbound = Stepped.action("plainOutbound", { ...options, outbound: true }).step("body", body)
const hookedOutbound = Stepped.action("hookedOutbound", { ...options, outbound: true }).step("body", body).after(called)
const contested = { plain, hooked, plainOutbound, hookedOutbound }
const parent = Stepped.action("parent", {
  arguments: [Schema.Literals(roles), Schema.Literals(["plain", "hooked", "plainOutbound", "hookedOutbound"])]
})
  .step("wait", (role, name) => Effect.asVoid(Step.do(contested[name] as typeof plain, role)))
  .step("next", (role) => note(`parent of ${role} goes on`))
  .after((role, _, { status }) => note(`parent of ${role} ${status}`))
const Cars = Stepped.actions(Car, [plain, hooked, plainOutbound, hookedOutbound, parent])

/** What ends an action, and how the action has ended then; some wait for whoever has its lane, others leave it to the next call. */
const sources = {
  "the last step": { status: "succeeded", step: "succeeded", waits: true },
  "a failed step": { status: "failed", step: "failed", waits: true },
  "a timeout": { status: "timed_out", step: "cancelled", waits: false },
  "a cancellation": { status: "cancelled", step: "cancelled", waits: true },
  "a completion from outside": { status: "succeeded", step: "cancelled", waits: true },
  "a newcomer": { status: "superseded", step: undefined, waits: true }
} as const
type Source = keyof typeof sources
const all = Object.keys(sources) as ReadonlyArray<Source>

const isBody = (source: Source) => source === "the last step" || source === "a failed step"
const repeats = (source: Source) => !isBody(source) && source !== "a newcomer"

/** What two ends are about, and what must come of them. */
class Race {
  readonly first: Source
  readonly second: Source
  readonly hasCallbacks: boolean
  readonly isOutbound: boolean
  /** Whose end each of the two is. */
  readonly hits: readonly [Role, Role]
  constructor(first: Source, second: Source, hasCallbacks: boolean) {
    this.first = first
    this.second = second
    this.hasCallbacks = hasCallbacks
    this.isOutbound = first === "a completion from outside" || second === "a completion from outside"
    const pending = (source: Source) =>
      source === "a newcomer" || (source === "a cancellation" && (first === "a newcomer" || second === "a newcomer"))
    this.hits = [pending(first) ? "next" : "current", pending(second) ? "next" : "current"]
  }

  get name(): keyof typeof contested {
    const name = this.hasCallbacks ? "hooked" : "plain"
    return this.isOutbound ? `${name}Outbound` : name
  }

  /** The one of the two that ends the current action, and the one that ends the next one. */
  winner(role: Role): Source | undefined {
    // an outbound action does not end with its last step
    if (this.isOutbound && this.first === "the last step") return role === "current" ? this.second : undefined
    return this.hits[0] === role ? this.first : this.hits[1] === role ? this.second : undefined
  }

  /** How the actions of the lane end. */
  get statuses(): Partial<Record<Role, string>> {
    const current = this.winner("current") ?? "the last step"
    const newcomers = [this.first, this.second].filter((source) => source === "a newcomer").length
    // a lane is kept until the callbacks have run: whoever comes before that finds the next one still pending
    const wasFree = this.second === "a newcomer" && this.hits[0] === "current" && !this.hasCallbacks
    const next = wasFree ? undefined : this.winner("next")
    return {
      current: sources[current].status,
      next: next === undefined ? "succeeded" : sources[next].status,
      ...newcomers === 0 ? {} : { newcomer: newcomers === 2 ? "superseded" : "succeeded" },
      ...newcomers === 2 ? { newer: "succeeded" } : {}
    }
  }
}

interface Scene {
  readonly race: Race
  readonly current: ActionRecord
  readonly next: ActionRecord
}

/** Ends an action; says whether it was this that ended it, where that is known at once. */
const fire = ({ current, next, race }: Scene, which: 0 | 1, isAgain = false) => {
  const source = which === 0 ? race.first : race.second
  const { actorId, id, name } = race.hits[which] === "current" ? current : next
  switch (source) {
    case "the last step":
      return Effect.as(Deferred.succeed(bodies[0]!.go, "well"), undefined)
    case "a failed step":
      return Effect.as(Deferred.succeed(bodies[0]!.go, "badly"), undefined)
    case "a timeout":
      return Effect.as(Effect.andThen(isAgain ? Effect.void : TestClock.adjust("1 minute"), performDue), undefined)
    case "a cancellation":
      return Effect.flatMap(
        Stepped.handle(Car.ref(Number(actorId)), contested[name as keyof typeof contested], id),
        (handle) => handle.cancel
      )
    case "a completion from outside": {
      // by its id, and by its actor and name
      const target = which === 0 ? id : Car.ref(Number(actorId))
      const complete = race.hasCallbacks
        ? Stepped.complete(target, hookedOutbound, Stepped.Outcome.succeededVoid)
        : Stepped.complete(target, plainOutbound, Stepped.Outcome.succeededVoid)
      return Effect.map(complete, Option.isSome)
    }
    case "a newcomer":
      return Effect.flatMap(Cars.client, (client) => {
        const role = which === 1 && race.first === "a newcomer" ? "newer" : "newcomer"
        const car = client(carOf(role))
        return Effect.asVoid<unknown, unknown, never>(race.hasCallbacks ? car.hookedNow(role) : car.plainNow(role))
      })
  }
}

const worker = Layer.build(
  Stepped.worker({ concurrency: 8, gracePeriod: 0 }).pipe(
    Layer.provide(layerDeploy(Cars.layer, { pollInterval: "20 millis" }))
  )
)
const release = Effect.sync(() => {
  for (const { go } of bodies) Deferred.doneUnsafe(go, Exit.succeed("well"))
  if (callback !== undefined) Deferred.doneUnsafe(callback.halt.go, Exit.void)
})

/** A parent whose child is to perform. */
const begin = (race: Race) =>
  Effect.flatMap(Cars.client, (client) => client(carOf("current")).parentLater("current", race.name))

/** The child performs, and that of another parent waits for it. */
const contend = (race: Race) =>
  Effect.gen(function*() {
    yield* Deferred.await(bodies[0]!.reached)
    const name = race.hasCallbacks ? "hooked" : "plain"
    const root = yield* (yield* Cars.client)(carOf("next")).parentLater("next", name)
    const find = (name: string, role: Role) =>
      Effect.map(recordsOf(name), (records) => records.find((record) => record.actorId === String(carOf(role))))
    yield* until("the next one is pending", Effect.map(find(name, "next"), (record) => record?.status === "pending"))
    const scene: Scene = { race, current: (yield* find(race.name, "current"))!, next: (yield* find(name, "next"))! }
    return { next: root, scene }
  })

/** Everything has come to its end, once. */
const endedOnce = (race: Race, roots: ReadonlyArray<{ readonly id: string }>) =>
  Effect.gen(function*() {
    const records = new Map(
      [...yield* recordsOf(race.name), ...yield* recordsOf(race.hasCallbacks ? "hooked" : "plain")]
        .map((record) => [roles[Number(record.actorId)]!, record])
    )
    const { statuses } = race
    assert.deepStrictEqual(
      Object.fromEntries([...records].map(([role, { status }]) => [role, status])),
      statuses as Record<string, string>
    )
    const performed = roles.filter((role) => statuses[role] !== undefined && statuses[role] !== "superseded")

    const callbacks = race.hasCallbacks ? performed.map((role) => `callback ${role} ${statuses[role]}`) : []
    assert.sameMembers(seen.filter((text) => text.startsWith("callback")), callbacks)
    for (const role of performed) {
      const { callbacksFailed, callbacksSucceeded } = records.get(role)!
      assert.deepStrictEqual([callbacksSucceeded, callbacksFailed], [race.hasCallbacks ? 1 : 0, 0])
    }

    // the lane moves on when the one before is over, to each of them once
    const turns = performed.filter((role) => role !== "current" && statuses[role] === "succeeded")
    assert.deepStrictEqual(seen.filter((text) => text.endsWith("performs")), turns.map((role) => `${role} performs`))
    if (race.hasCallbacks && turns.length > 0) {
      assert.isBelow(seen.indexOf(`callback current ${statuses.current}`), seen.indexOf(`${turns[0]} performs`))
    }
    const ended = race.winner("current") ?? "the last step"
    const lastStep = race.isOutbound && race.first === "the last step"
    assert.deepStrictEqual(yield* stepsOf(records.get("current")!.id), [
      `body ${lastStep ? "succeeded" : sources[ended].step}`
    ])

    // who waits for what is superseded waits for the newest
    const told = [statuses.current!, statuses.next === "superseded" ? "succeeded" : statuses.next!]
    for (const [i, role] of (["current", "next"] as const).entries()) {
      const isWell = told[i] === "succeeded"
      assert.deepStrictEqual(yield* slotsOf(roots[i]!.id), [told[i]!])
      assert.deepStrictEqual(
        yield* stepsOf(roots[i]!.id),
        isWell ? ["wait succeeded", "next succeeded"] : ["wait failed"]
      )
      assert.deepStrictEqual(seen.filter((text) => text.startsWith(`parent of ${role}`)), [
        ...isWell ? [`parent of ${role} goes on`] : [],
        `parent of ${role} ${isWell ? "succeeded" : "failed"}`
      ])
    }
  })

const meet = (race: Race) =>
  Effect.gen(function*() {
    yield* worker
    const root = yield* begin(race)
    const { next, scene } = yield* contend(race)
    const [target] = race.hits
    if (race.hasCallbacks && race.first !== "a newcomer") callback = { role: target, halt: new Halt() }
    const open = yield* gated((target === "current" ? scene.current : scene.next).id)

    const first = yield* Effect.forkScoped(fire(scene, 0))
    yield* blocked(1)
    const second = yield* Effect.forkScoped(fire(scene, 1, race.first === race.second))
    yield* sources[race.second].waits ? blocked(2) : Fiber.join(second)
    assert.deepStrictEqual([(yield* recordsOf(race.name))[0]!.status, seen], ["performing", []])
    yield* open

    const isOnce = race.winner(target) === race.first
    if (callback !== undefined) {
      yield* Deferred.await(callback.halt.reached)
      yield* Fiber.join(second)
      // decided, and not over
      if (isOnce && race.hits[1] === target && repeats(race.second)) assert.isNotTrue(yield* fire(scene, 1, true))
      yield* Deferred.succeed(callback.halt.go, undefined)
    }
    const answers = [yield* Fiber.join(first), yield* Fiber.join(second)]
    const wins = [true, !isOnce || race.hits[1] !== target]
    for (const which of [0, 1] as const) {
      if (answers[which] !== undefined) assert.strictEqual(answers[which], wins[which])
    }
    if (race.second === "a timeout") yield* fire(scene, 1, true)
    yield* Deferred.succeed(bodies[0]!.go, "well")
    yield* allEnded
    for (const which of [0, 1] as const) {
      if (repeats(which === 0 ? race.first : race.second)) assert.isNotTrue(yield* fire(scene, which, true))
    }
    assert.strictEqual(begun, 1)
    yield* endedOnce(race, [root, next])
  })

/** Of two workers that run one body, the first has taken over from the second, whose lease is over. */
const takeOver = (race: Race) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const root = yield* begin(race)
    const silent = yield* Effect.forkScoped(performIdle)
    yield* Deferred.await(bodies[0]!.reached)
    yield* worker
    const { next, scene } = yield* contend(race)
    yield* sql`select stepped.recover(${new Date(
      0
    )}, array(select token from stepped.live_actions where id = ${scene.current.id}), true)`
    yield* Deferred.await(bodies[1]!.reached)
    const open = yield* gated(scene.current.id)
    const ending = (source: Source) => source === "the last step" ? "well" : "badly"
    yield* Deferred.succeed(bodies[1]!.go, ending(race.first))
    yield* blocked(1)
    // does not wait: its token is no longer known
    yield* Deferred.succeed(bodies[0]!.go, ending(race.second))
    yield* Fiber.join(silent)
    yield* open
    yield* allEnded
    assert.strictEqual(begun, 2)
    yield* endedOnce(race, [root, next])
  })

/** A parent is cancelled, and its child ends by itself: each of them is over as its own end says. */
const generations = (name: "plain" | "hooked", parentFirst: boolean) =>
  Effect.gen(function*() {
    yield* worker
    const root = yield* (yield* Cars.client)(carOf("current")).parentLater("current", name)
    yield* Deferred.await(bodies[0]!.reached)
    const [child] = yield* recordsOf(name)
    const end = Effect.asVoid(Deferred.succeed(bodies[0]!.go, "well"))
    const cancel = Effect.map(root.cancel, (done) => assert.isTrue(done))
    const open = yield* gated(parentFirst ? root.id : child!.id)
    const first = yield* Effect.forkScoped(
      Effect.suspend((): Effect.Effect<void, unknown> => parentFirst ? cancel : end)
    )
    yield* blocked(1)
    // the child waits to tell its parent; the parent leaves the child to whoever has it
    if (parentFirst) yield* Effect.andThen(end, blocked(2))
    else yield* cancel
    yield* open
    yield* Fiber.join(first)
    yield* allEnded
    assert.deepStrictEqual(
      (yield* recordsOf(name)).map(({ callbacksSucceeded, status }) => [status, callbacksSucceeded]),
      [["succeeded", name === "hooked" ? 1 : 0]]
    )
    assert.deepStrictEqual([yield* stepsOf(root.id), yield* slotsOf(root.id)], [["wait cancelled"], ["cancelled"]])
    assert.deepStrictEqual(seen.filter((text) => text.startsWith("parent")), ["parent of current cancelled"])
  })

type Requirements = Stepped.Services | PgClient.PgClient | SqlClient.SqlClient | Scope.Scope

describe("two ends", () => {
  const test = (name: string, scenario: () => Effect.Effect<void, unknown, Requirements>) =>
    it.effect(name, () =>
      Effect.andThen(Effect.scoped(Effect.ensuring(scenario(), release)), healthy).pipe(
        Effect.provide(Layer.provideMerge(Cars.layer, server.layer()))
      ))

  for (const hasCallbacks of [false, true]) {
    const suffix = hasCallbacks ? ", with callbacks" : ""
    for (const first of all) {
      for (const second of all) {
        const race = new Race(first, second, hasCallbacks)
        const isTakenOver = isBody(first) && isBody(second)
        test(`${first}, then ${second}${suffix}`, (): Effect.Effect<void, unknown, Requirements> =>
          isTakenOver ? takeOver(race) : meet(race))
      }
    }
    const name = hasCallbacks ? "hooked" : "plain"
    test(`4.6: a parent's cancellation, then its child's last step${suffix}`, () => generations(name, true))
    test(`4.6: a child's last step, then its parent's cancellation${suffix}`, () => generations(name, false))
  }
})
