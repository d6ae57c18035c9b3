/**
 * Programs whose steps are undone, under faults: whatever fails, each compensation that was done is done, in their order, and none is done
 * again after it was. Each writes down what it is about to do; what is promised once commits with that.
 */
import { Effect, Schedule, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { ActionRepo, Step, Stepped } from "stepped"
import { awaited, invoke, nobody, note, program, type Root, simply } from "./Playing.ts"
import type { Tree } from "./Trial.ts"

class NoSeat extends Schema.TaggedError<NoSeat>()("NoSeat", {}) {}
class Trip extends Stepped.Actor<Trip>()("Trip", { id: Schema.Int }) {}

const once = (text: string) => note(`once: ${text}`)

const notesOf = (text: string) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.map(
      Effect.orDie(sql<{ n: number }>`select count(*)::int as n from effects where entry = ${text}`),
      (rows) => rows[0]!.n
    ))

/** Fails until it has been tried so often, whoever tries it. */
const stumbles = (text: string, times: number) =>
  Effect.gen(function*() {
    yield* note(text)
    if ((yield* notesOf(text)) < times) return yield* Effect.fail("not yet")
  })

const fails = Stepped.step("fail", () => Effect.fail(new NoSeat()))
const pack = Stepped.action("pack", { arguments: [Schema.Int], error: NoSeat })
  .step((attempt) => attempt < 2 ? Effect.fail(new NoSeat()) : note("packs"))
const unload = Stepped.action("unload", { arguments: [Schema.String] }).step((what) => note(`unloads ${what}`))
const paint = Stepped.action("paint", { outbound: true })
  .step("mix", () => Effect.succeed("red"), { compensate: (color) => note(`wipes ${color}`) })

const travel = Stepped.action("travel", { error: NoSeat })
  .step("pay", () => Effect.succeed(3), {
    compensate: { run: (cents) => once(`refunds ${cents}`), transactional: true }
  })
  .step("load", () => Effect.as(note("loads"), "bags"), {
    compensate: (what) => Effect.all([Step.do(unload, what), Step.wait("1 minute")])
  })
  .step("sleep", () => Effect.as(note("sleeps"), 12), { compensate: (room) => stumbles(`leaves ${room}`, 3) })
  .step("sit", () => Effect.fail(new NoSeat()), { compensateFailed: ({ _tag }) => note(`stands up ${_tag}`) })
  .after(({ status }) => note(`travel ${status}`))

const hold = Stepped.action("hold", { timeout: "1 hour" })
  .step("open", () => Effect.succeed("door"), { compensate: (what) => note(`closes ${what}`) })
  .step("paint", () => Effect.asVoid(Step.do(paint)), { compensate: () => note("never") })
  .after(({ status, uncertain }) => note(`hold ${status} ${uncertain}`))

const lost = Stepped.action("lost", { error: NoSeat })
  .step("a", () => Effect.void, { compensate: () => note("finds a") })
  .step("b", () => Effect.void, {
    compensate: { run: () => Effect.andThen(note("loses b"), Effect.fail("for ever")), retry: Schedule.recurs(2) }
  })
  .use(fails)

/** Its own policies: a body that fails at first, and a child that fails at first, once for each attempt, beside one that is not asked for twice. */
const visit = Stepped.action("visit", { error: NoSeat })
  .step("checkIn", () => Effect.succeed(7), {
    compensate: {
      run: (room) =>
        Effect.gen(function*() {
          const { attemptNumber } = yield* Step
          yield* note(`checks out of ${room}, ${attemptNumber}`)
          if (attemptNumber < 3) return yield* Effect.fail("not yet")
        }),
      retry: Schedule.spaced("1 minute"),
      timeout: "1 hour"
    }
  })
  .step("unpack", () => Effect.void, {
    compensate: {
      run: () =>
        Effect.flatMap(
          Step,
          ({ attemptNumber }) => Effect.all([Step.do(unload, "socks"), Step.do(pack, attemptNumber)])
        ),
      retry: Schedule.spaced("1 minute")
    }
  })
  .step("idle", () => Effect.void, {
    compensate: { run: () => Step.wait("1 day"), timeout: "1 hour", retry: "never" }
  })
  .use(fails)

/** Asked once whether it is undone, with an hour for that, in which its second step cannot be. */
const asked = <const N extends string>(what: N, undoes: boolean) =>
  Stepped.action(what, { error: NoSeat, compensateWhen: () => undoes, compensation: { timeout: "1 hour" } })
    .step("a", () => Effect.void, { compensate: () => note(`${what} undoes a`) })
    .step("b", () => Effect.void, {
      compensate: {
        run: () => Effect.flatMap(Step, ({ attemptNumber }) => Step.wait(attemptNumber === 1 ? "2 hours" : "1 second")),
        timeout: "50 minutes",
        retry: Schedule.spaced("20 minutes")
      }
    })
    .step("c", () => Effect.void, { compensate: () => note(`${what} undoes c`) })
    .use(fails)
const yes = asked("yes", true)
const no = asked("no", false)
const stop = Stepped.action("stop", { error: NoSeat, compensation: { onFailure: "stop" } })
  .step("a", () => Effect.void, { compensate: () => note("never") })
  .step("b", () => Effect.void, { compensate: { run: () => Effect.fail("stops"), retry: "never" } })
  .use(fails)
  .failed(({ notUndone = [] }) => note(`stop: ${notUndone.map(({ step }) => step)}`))

/** Its children are undone, one after another, and theirs before that. */
const hire = Stepped.action("hire", {
  arguments: [Schema.Int],
  success: Schema.String,
  concurrencyKey: (n) => `hire ${n}`,
  job: (job, n) => job.succeeded(`car ${n}`),
  compensate: (car) => note(`returns ${car}`)
})
const room = Stepped.action("room", { arguments: [Schema.Int], concurrencyKey: () => "rooms" })
  .step("hold", (n) => Effect.as(note(`holds ${n}`), n), {
    compensate: { run: (n) => once(`frees ${n}`), transactional: true }
  })
  .step("hire", (n) => Step.do(hire, n), { unwind: true })
const stay = Stepped.action("stay", { error: NoSeat })
  .step("rooms", () => Effect.all([Step.do(room, 1), Step.do(room, 2)]), { unwind: true })
  .use(fails)
  .after(({ status }) => note(`stay ${status}`))

/** Its rooms stay as they are: it does not say that they are unwound. */
const guests = Stepped.action("guests", { error: NoSeat })
  .step("rooms", () => Step.do(room, 1), { compensate: () => note("calls the hotel") })
  .use(fails)
/** What undoes its second step waits for longer than anybody likes. */
const left = Stepped.action("left", { error: NoSeat })
  .step("a", () => Effect.void, { compensate: () => note("never") })
  .step("b", () => Effect.void, { compensate: () => Effect.all([Step.do(unload, "socks"), Step.wait("1 day")]) })
  .use(fails)
  .failed(({ notUndone = [] }) => note(`left: ${notUndone.map(({ step }) => step)}`))

const Trips = Stepped.actions(
  Trip,
  [unload, pack, paint, travel, hold, lost, visit, yes, no, stop, hire, room, stay, guests, left]
)

const root = (action: Root["action"], call: string): Root => ({
  actor: Trip.ref(1),
  action,
  invoke: Effect.flatMap(Trips.client, (client) => (client(1) as any)[call]())
})

const held = [
  "Trip/1 hold HOW 1 open succeeded, paint cancelled, open succeeded",
  "Trip/1 paint cancelled mix succeeded, mix succeeded"
]

export const undoPrograms: ReadonlyArray<Tree> = [
  program("10.1, 10.2: what has failed is undone, by children, times and transactions, and tried again", {
    layer: Trips.layer,
    play: simply(root(travel, "travelLater")),
    handles: ["NoSeat"],
    actions: [
      "Trip/1 travel failed 1 pay succeeded, load succeeded, sleep succeeded, sit failed, sit succeeded, sleep succeeded, load succeeded, pay succeeded",
      "Trip/1 unload succeeded 1 succeeded"
    ],
    notes: [
      "loads",
      "sleeps",
      "stands up NoSeat",
      "leaves 12",
      "unloads bags",
      "once: refunds 3",
      "travel failed"
    ]
  }),
  program("10.1: cancelled while its child performs, which is undone first", {
    layer: Trips.layer,
    play: (stage) =>
      Effect.gen(function*() {
        const of = root(hold, "holdLater")
        const id = yield* invoke(stage, of)
        yield* stage.idle
        yield* stage.insist(Stepped.cancel(id, { reason: "rain" }))
        const again = yield* stage.insist(Stepped.cancel(id))
        yield* stage.drain(nobody)
        return [String(again), yield* awaited(stage, of, id)]
      }),
    handles: ["false", "Cancelled"],
    actions: held.map((line) => line.replace("HOW", "cancelled")),
    notes: ["wipes red", "closes door", "hold cancelled paint"]
  }),
  program("10.1: its time is over while its child performs", {
    layer: Trips.layer,
    play: (stage) =>
      Effect.gen(function*() {
        const of = root(hold, "holdLater")
        const id = yield* invoke(stage, of)
        yield* stage.idle
        yield* stage.advance(3_600_000)
        yield* stage.drain(nobody)
        return [yield* awaited(stage, of, id)]
      }),
    handles: ["TimedOut"],
    actions: held.map((line) => line.replace("HOW", "timed_out")),
    notes: ["wipes red", "closes door", "hold timed_out paint"]
  }),
  program("10.7: what cannot be undone stops no other", {
    layer: Trips.layer,
    play: simply(root(lost, "lostLater")),
    handles: ["NoSeat"],
    actions: ["Trip/1 lost failed a succeeded, b succeeded, fail failed, b failed, a succeeded"],
    notes: ["loses b", "finds a"]
  }),
  program("10.2: what undoes a step tries again as its own policy says, by children too, and has its own time", {
    layer: Trips.layer,
    play: simply(root(visit, "visitLater")),
    handles: ["NoSeat"],
    actions: [
      "Trip/1 pack failed 1 failed",
      "Trip/1 pack succeeded 1 succeeded",
      "Trip/1 unload succeeded 1 succeeded",
      "Trip/1 visit failed checkIn succeeded, unpack succeeded, idle succeeded, fail failed, idle failed, unpack succeeded, checkIn succeeded"
    ],
    notes: ["unloads socks", "packs", "checks out of 7, 1", "checks out of 7, 2", "checks out of 7, 3"]
  }),
  program("10.7: what is left when the time is over to undo it is not undone", {
    layer: Trips.layer,
    play: simply(root(yes, "yesLater")),
    handles: ["NoSeat"],
    actions: [
      "Trip/1 yes failed a succeeded, b succeeded, c succeeded, fail failed, c succeeded, b failed, a succeeded"
    ],
    notes: ["yes undoes c", "yes undoes a"]
  }),
  program("10.5: what it says is to stay is not undone", {
    layer: Trips.layer,
    play: simply(root(no, "noLater")),
    handles: ["NoSeat"],
    actions: ["Trip/1 no failed a succeeded, b succeeded, c succeeded, fail failed"],
    notes: []
  }),
  program("10.7: what cannot be undone stops the others, where the action says so", {
    layer: Trips.layer,
    play: simply(root(stop, "stopLater")),
    handles: ["NoSeat"],
    actions: ["Trip/1 stop failed 1 a succeeded, b succeeded, fail failed, b failed"],
    notes: ["stop: b,a"]
  }),
  program("10.4: children that have succeeded are unwound, those of one lane one after another, and theirs with them", {
    layer: Trips.layer,
    play: simply(root(stay, "stayLater")),
    handles: ["NoSeat"],
    actions: [
      "Trip/1 hire succeeded hire succeeded, hire succeeded",
      "Trip/1 hire succeeded hire succeeded, hire succeeded",
      "Trip/1 room succeeded hold succeeded, hire succeeded, hire succeeded, hold succeeded",
      "Trip/1 room succeeded hold succeeded, hire succeeded, hire succeeded, hold succeeded",
      "Trip/1 stay failed 1 rooms succeeded, fail failed, rooms succeeded"
    ],
    notes: [
      "holds 1",
      "holds 2",
      "returns car 2",
      "once: frees 2",
      "returns car 1",
      "once: frees 1",
      "stay failed"
    ]
  }),
  program("10.4: without unwind children stay as they are", {
    layer: Trips.layer,
    play: simply(root(guests, "guestsLater")),
    handles: ["NoSeat"],
    actions: [
      "Trip/1 guests failed rooms succeeded, fail failed, rooms succeeded",
      "Trip/1 hire succeeded hire succeeded",
      "Trip/1 room succeeded hold succeeded, hire succeeded"
    ],
    notes: ["holds 1", "calls the hotel"]
  }),
  program("10.7: abandoned while what undoes a step waits", {
    layer: Trips.layer,
    play: (stage) =>
      Effect.gen(function*() {
        const of = root(left, "leftLater")
        const id = yield* invoke(stage, of)
        yield* stage.idle
        const said = yield* stage.insist(
          Effect.flatMap(ActionRepo, (repo) => repo.abandonUnwinding(id, { reason: "rain" }))
        )
        yield* stage.drain(nobody)
        // whoever asks again, since no answer came, is told that it is so
        return [said === "none" ? said : "abandoned", yield* awaited(stage, of, id)]
      }),
    handles: ["abandoned", "NoSeat"],
    actions: [
      "Trip/1 left failed 1 a succeeded, b succeeded, fail failed, b failed",
      "Trip/1 unload succeeded 1 succeeded"
    ],
    notes: ["unloads socks", "left: b,a"]
  })
]
