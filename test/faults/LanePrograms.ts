/**
 * Named lanes, options of enqueueing, and pauses under faults. Each program is a row of moves, between which everything comes to rest: who
 * comes, who ends, what the clock does, and who is to be seen performing and waiting then.
 */
import { Effect, Schema } from "effect"
import {
  type AnyAction,
  type ChildOptions,
  Engine,
  JobQueue,
  type LaneKey,
  type PauseTarget,
  PerformanceLane,
  Step,
  Stepped
} from "stepped"
import { awaited, invoke, note, program, type Root } from "./Playing.ts"
import type { Stage, Tree } from "./Trial.ts"

class Truck extends Stepped.Actor<Truck>()("Truck", { id: Schema.Int }) {}

// ---------------------------------------------------------------------------------------------------------------------
// lanes, and the actions in them, which stay until somebody outside completes them
// ---------------------------------------------------------------------------------------------------------------------

const bays = Stepped.lane("bays", { limit: 2, whenBusy: "line" })
const track = Stepped.lane("track", { whenBusy: "line" })
const ramp = Stepped.lane("ramp", { whenBusy: "line", maxPending: 1 })
const lift = Stepped.lane("lift", { whenBusy: "reject" })
const latest = Stepped.lane("latest")
const telling = Stepped.lane("telling", { waiters: "fail" })
const hasty = Stepped.lane("hasty", { whenBusy: "cancelRunning" })
const pair = Stepped.lane("pair", { limit: 2, whenBusy: "cancelRunning" })
const calm = Stepped.lane("calm", { debounce: { wait: "10 seconds", maxWait: "25 seconds" } })
const gate = Stepped.lane("gate", { limit: 10, rate: { limit: 2, per: "1 minute" } })

const stays = <Name extends string>(name: Name, concurrency: () => LaneKey<"shared" | "sole">) =>
  Stepped.action(name, { outbound: true, concurrency }).step(() => note(name))

const repair = stays("repair", () => bays())
const shunt = stays("shunt", () => track())
const load = stays("load", () => ramp())
const raise = stays("raise", () => lift())
const renew = stays("renew", () => latest())
const revise = stays("revise", () => latest())
const tell = stays("tell", () => telling())
const swerve = stays("swerve", () => hasty())
const turn = stays("turn", () => hasty()).cancelled(() => note("turn cancelled"))
const couple = stays("couple", () => pair())
const save = stays("save", () => calm())
const enter = stays("enter", () => gate())
/** In no named lane. */
const park = Stepped.action("park", { outbound: true, concurrencyKey: () => "square" }).step(() => note("park"))
const haul = Stepped.action("haul", { outbound: true, concurrency: () => [track(), bays()] }).step(() => note("haul"))
const tow = Stepped.action("tow", { outbound: true, concurrency: () => [latest(), bays()] }).step(() => note("tow"))
const slow = Stepped.action("slow", { outbound: true, concurrency: () => [track(), bays()], timeout: "1 minute" })
  .step(() => note("slow")).after(({ status }) => note(`slow ${status}`))
const careful = Stepped.action("careful", {
  outbound: true,
  concurrency: () => Effect.as(note("a lane"), track())
}).before(() => note("before")).step(() => note("careful"))
const paint = Stepped.action("paint", {
  success: Schema.String,
  concurrency: () => track(),
  checksum: () => "red",
  checksumKey: () => "paint",
  outbound: true
}).step(() => note("paint"))

/** Waits for a child, which another truck is. */
const parent = <Name extends string>(name: Name, child: AnyAction, truck: number, options: ChildOptions = {}) =>
  Stepped.action(name).step("ask", () => Step.with(options).on(Truck.ref(truck), child as typeof repair))

const askRenew = parent("askRenew", renew, 9)
const askTell = parent("askTell", tell, 9)
const askRaise = parent("askRaise", raise, 9)
const askHaul = parent("askHaul", haul, 9)
const askPaint = parent("askPaint", paint, 9)
const askLate = parent("askLate", shunt, 9, { priority: -7, delay: "1 minute", tags: ["late", "child"] })
const askAll = Stepped.action("askAll").step("ask", () =>
  Effect.all([
    Step.on(Truck.ref(7), shunt),
    Step.with({ priority: -1 }).on(Truck.ref(8), shunt),
    Step.on(Truck.ref(9), haul)
  ]))
const inner = Stepped.action("inner", { concurrency: () => track() }).step(() => Effect.void)
const outer = Stepped.action("outer", { concurrency: () => track() }).step(() => Step.do(inner))
/** Two that wait for each other's lane when their time has come. */
const crossing = <Name extends string>(name: Name, own: LaneKey<"shared">, seconds: number, next: AnyAction) =>
  Stepped.action(name, { concurrency: () => own }).step("wait", () => Step.wait(`${seconds} seconds`))
    .step("cross", () => Step.on(Truck.ref(9), next as typeof inner))
const north = Stepped.action("north", { concurrency: () => track("north") }).step(() => note("north"))
const south = Stepped.action("south", { concurrency: () => track("south") }).step(() => note("south"))
const goSouth = crossing("goSouth", track("north"), 1, south)
const goNorth = crossing("goNorth", track("south"), 2, north)

const actions = {
  repair,
  shunt,
  load,
  raise,
  renew,
  revise,
  tell,
  swerve,
  turn,
  couple,
  save,
  enter,
  park,
  haul,
  tow,
  slow,
  careful,
  paint,
  askRenew,
  askTell,
  askRaise,
  askHaul,
  askPaint,
  askLate,
  askAll,
  inner,
  outer,
  north,
  south,
  goSouth,
  goNorth
}
type Name = keyof typeof actions
const Trucks = Stepped.actions(Truck, [
  ...[repair, shunt, load, raise, renew, revise, tell, swerve, couple, save, enter, park, haul, tow] as const,
  ...[turn, slow, careful, paint] as const,
  ...[askRenew, askTell, askRaise, askHaul, askPaint, askLate, askAll] as const,
  ...[inner, outer, north, south, goSouth, goNorth] as const
])

// ---------------------------------------------------------------------------------------------------------------------
// moves
// ---------------------------------------------------------------------------------------------------------------------

/** What a program has done so far: whose handles are whose. */
interface Played {
  readonly stage: Stage
  readonly ids: Map<number, readonly [Root, id: string]>
}

/** A move, and what is seen after it. */
interface Move {
  readonly make: (played: Played) => Effect.Effect<string | undefined, unknown>
  readonly sees?: string
}

const silently = (make: (played: Played) => Effect.Effect<unknown, unknown>): Move => ({
  make: (played) => Effect.as(Effect.andThen(make(played), played.stage.idle), undefined)
})

/** A truck comes, and waits or begins. */
const comes = (truck: number, name: Name, options: ChildOptions = {}): Move =>
  silently(({ ids, stage }) => {
    const action: AnyAction = actions[name]
    const root: Root = {
      actor: Truck.ref(truck),
      action,
      invoke: Stepped.with(options).enqueue(Truck.ref(truck), action as typeof repair)
    }
    return Effect.map(invoke(stage, root), (id) => ids.set(truck, [root, id]))
  })

/** What waits for somebody outside is completed, a child too. */
const ends = (truck: number): Move =>
  silently(({ stage }) =>
    Effect.gen(function*() {
      const rows = yield* stage.sql<{ readonly id: string; readonly name: string }>`
        select id, name from stepped.actions where actor_id = ${
        String(truck)
      } and status = 'performing' and name not like 'ask%'`
      for (const { id, name } of rows) {
        yield* stage.insist(completing(id, actions[name as Name]))
      }
    })
  )

const completing = (id: string, action: AnyAction) =>
  Stepped.complete(
    id,
    action as typeof paint,
    Stepped.Outcome.succeeded((action === paint ? "red" : undefined) as string)
  )

const cancelled = (truck: number): Move =>
  silently(({ ids, stage }) => {
    const [{ action, actor }, id] = ids.get(truck)!
    return stage.insist(
      Effect.flatMap(Engine, (engine) => Effect.flatMap(engine.handle(actor, action, id), ({ cancel }) => cancel()))
    )
  })

const passes = (millis: number): Move => silently(({ stage }) => stage.advance(millis))

const why = { reason: "the road is closed", by: "ada" }
const pauses = (target: PauseTarget): Move =>
  silently(({ stage }) => stage.insist(Effect.flatMap(JobQueue, (jobs) => jobs.pause(target, why))))
const resumes = (target: PauseTarget): Move =>
  silently(({ stage }) => stage.insist(Effect.flatMap(JobQueue, (jobs) => jobs.resume(target))))
const pausesLane = (lane: LaneKey | string): Move =>
  silently(({ stage }) => stage.insist(Effect.flatMap(PerformanceLane, (lanes) => lanes.pause(lane, why))))
const resumesLane = (lane: LaneKey | string): Move =>
  silently(({ stage }) => stage.insist(Effect.flatMap(PerformanceLane, (lanes) => lanes.resume(lane))))

/** Who performs, waits in a lane, and waits in the queue, by their numbers. */
const stand = (sees: string): Move => ({
  sees,
  make: ({ stage }) =>
    Effect.map(
      stage.sql<{ readonly line: string }>`select status || ' ' || string_agg(actor_id, ' ' order by actor_id) as line
        from stepped.actions where status in ('queued', 'pending', 'performing') and name not like 'ask%'
        group by status order by array_position(array['performing', 'pending', 'queued'], status)`,
      (rows) => rows.map(({ line }) => line).join(", ")
    )
})

/** The tags that a truck's action is found by. */
const tagged = (truck: number, sees: string): Move => ({
  sees,
  make: ({ stage }) =>
    Effect.map(
      stage.sql<{ readonly tags: string | null }>`
        select array_to_string(tags, ' ') as tags from stepped.actions where actor_id = ${String(truck)}`,
      ([row]) => row?.tags ?? "none"
    )
})

/** Whatever is left is ended, one after another, and the clock goes to what comes. */
const ending = ({ ids, stage }: Played) =>
  Effect.gen(function*() {
    yield* stage.drain(
      Effect.gen(function*() {
        const [row] = yield* stage.sql<{ readonly id: string; readonly name: string }>`
        select id, name from stepped.actions where status = 'performing' and outbound order by actor_id limit 1`
        if (row === undefined) return false
        yield* stage.insist(completing(row.id, actions[row.name as Name]))
        return true
      }).pipe(Effect.orDie)
    )
    return yield* Effect.forEach([...ids].sort(([a], [b]) => a - b), ([truck, [root, id]]) =>
      Effect.map(awaited(stage, root, id), (said) => `${truck} ${said}`))
  })

/** `handles` are what those hear who wait, `stored` how the actions ended, `ran` what user code wrote. */
const lanes = (
  name: string,
  moves: ReadonlyArray<Move>,
  { handles, ran, stored }: {
    readonly handles: ReadonlyArray<string>
    readonly stored: ReadonlyArray<string>
    readonly ran: ReadonlyArray<string>
  }
): Tree =>
  program(name, {
    layer: Trucks.layer,
    play: (stage) =>
      Effect.gen(function*() {
        const played: Played = { stage, ids: new Map() }
        const seen: Array<string> = []
        for (const { make } of moves) {
          const saw = yield* make(played)
          if (saw !== undefined) seen.push(saw)
        }
        return [...seen, ...yield* ending(played)]
      }),
    handles: [...moves.flatMap(({ sees }) => sees === undefined ? [] : [sees]), ...handles],
    actions: stored.map((line) => `Truck/${line}`),
    notes: ran
  })

/** It performed, and was completed. */
const did = (truck: number, name: Name) => `${truck} ${name} succeeded 1 succeeded`
const all = (trucks: ReadonlyArray<number>, name: Name) => trucks.map((truck) => did(truck, name))
const asked = (truck: number, name: Name) => `${truck} ${name} succeeded ask succeeded`
const nothing = (...trucks: ReadonlyArray<number>) => trucks.map((truck) => `${truck} nothing`)

// ---------------------------------------------------------------------------------------------------------------------
// programs
// ---------------------------------------------------------------------------------------------------------------------

export const lanePrograms: ReadonlyArray<Tree> = [
  lanes("15.2, 15.3: a line with a limit of two", [
    ...[1, 2, 3, 4].map((truck) => comes(truck, "repair")),
    stand("performing 1 2, pending 3 4"),
    ends(2),
    stand("performing 1 3, pending 4"),
    cancelled(1),
    stand("performing 3 4")
  ], {
    handles: ["1 Cancelled", ...nothing(2, 3, 4)],
    stored: ["1 repair cancelled 1 succeeded", ...all([2, 3, 4], "repair")],
    ran: ["repair"]
  }),
  lanes("15.3: a line that is full", [
    ...[1, 2, 3].map((truck) => comes(truck, "load")),
    stand("performing 1, pending 2"),
    ends(1),
    comes(4, "load"),
    stand("performing 2, pending 4")
  ], {
    handles: [...nothing(1, 2), "3 LaneFull", "4 nothing"],
    stored: all([1, 2, 4], "load"),
    ran: ["load"]
  }),
  lanes("15.3: a lane that rejects, a root and a child", [
    comes(1, "raise"),
    comes(2, "raise"),
    comes(3, "askRaise"),
    stand("performing 1"),
    ends(1),
    comes(4, "raise"),
    stand("performing 4")
  ], {
    handles: ["1 nothing", "2 LaneBusy", "3 ActionFailed", "4 nothing"],
    stored: [...all([1, 4], "raise"), "3 askRaise failed ask failed"],
    ran: ["raise"]
  }),
  lanes("15.3, 15.4: a superseding lane, handles and slots follow", [
    comes(1, "renew"),
    comes(2, "renew"),
    comes(3, "askRenew"),
    stand("performing 1, pending 9"),
    comes(4, "renew"),
    stand("performing 1, pending 4"),
    ends(1),
    stand("performing 4")
  ], {
    handles: nothing(1, 2, 3, 4),
    stored: [...all([1, 4], "renew"), "2 renew superseded", "9 renew superseded", asked(3, "askRenew")],
    ran: ["renew"]
  }),
  lanes("15.4: whoever waits for one that is superseded is told, in handles and slots", [
    comes(1, "tell"),
    comes(2, "tell"),
    comes(3, "askTell"),
    comes(4, "tell"),
    stand("performing 1, pending 4")
  ], {
    handles: ["1 nothing", "2 Superseded", "3 ActionFailed", "4 nothing"],
    stored: [...all([1, 4], "tell"), "2 tell superseded", "9 tell superseded", "3 askTell failed ask failed"],
    ran: ["tell"]
  }),
  lanes("15.3: the running one is cancelled for a newcomer, with its callbacks", [
    comes(1, "swerve"),
    comes(2, "turn"),
    stand("performing 2"),
    comes(3, "turn"),
    stand("performing 3")
  ], {
    handles: ["1 Cancelled", "2 Cancelled", "3 nothing"],
    stored: ["1 swerve cancelled 1 succeeded", "2 turn cancelled 1 1 succeeded", did(3, "turn")],
    ran: ["swerve", "turn", "turn cancelled"]
  }),
  lanes("15.3: of two who perform the one is cancelled that has performed longest", [
    comes(1, "couple"),
    comes(2, "couple"),
    stand("performing 1 2"),
    comes(3, "couple"),
    stand("performing 2 3")
  ], {
    handles: ["1 Cancelled", ...nothing(2, 3)],
    stored: ["1 couple cancelled 1 succeeded", ...all([2, 3], "couple")],
    ran: ["couple"]
  }),
  lanes("15.3: a start is put off by newer calls, and no longer than may be", [
    comes(1, "save"),
    passes(9000),
    comes(2, "save"),
    passes(9000),
    comes(3, "save"),
    passes(6999),
    stand("pending 3"),
    passes(1),
    stand("performing 3"),
    comes(4, "save"),
    ends(3),
    stand("pending 4"),
    passes(10_000),
    stand("performing 4")
  ], {
    handles: nothing(1, 2, 3, 4),
    stored: ["1 save superseded", "2 save superseded", ...all([3, 4], "save")],
    ran: ["save"]
  }),
  lanes("15.6: no more starts in a window than the rate allows", [
    comes(1, "enter"),
    passes(20_000),
    comes(2, "enter"),
    comes(3, "enter"),
    comes(4, "enter"),
    ends(1),
    stand("performing 2, pending 3 4"),
    passes(39_999),
    stand("performing 2, pending 3 4"),
    passes(1),
    stand("performing 2 3, pending 4"),
    passes(19_999),
    stand("performing 2 3, pending 4"),
    passes(1),
    stand("performing 2 3 4")
  ], { handles: nothing(1, 2, 3, 4), stored: all([1, 2, 3, 4], "enter"), ran: ["enter"] }),
  lanes("15.5: of two lanes all or none, and nobody overtakes", [
    comes(1, "shunt"),
    comes(2, "haul"),
    comes(3, "repair"),
    comes(4, "shunt"),
    stand("performing 1, pending 2 3 4"),
    ends(1),
    stand("performing 2 3, pending 4"),
    ends(2),
    stand("performing 3 4")
  ], {
    handles: nothing(1, 2, 3, 4),
    stored: [...all([1, 4], "shunt"), did(2, "haul"), did(3, "repair")],
    ran: ["shunt", "haul", "repair"]
  }),
  lanes("15.5: who is superseded in one lane, or cancelled while it waits, leaves all", [
    comes(1, "tow"),
    comes(2, "tow"),
    comes(3, "repair"),
    stand("performing 1, pending 2 3"),
    comes(4, "renew"),
    stand("performing 1 3, pending 4"),
    ends(1),
    comes(5, "shunt"),
    comes(6, "haul"),
    comes(7, "repair"),
    comes(8, "shunt"),
    stand("performing 3 4 5, pending 6 7 8"),
    cancelled(6),
    stand("performing 3 4 5 7, pending 8")
  ], {
    handles: [...nothing(1, 2, 3, 4, 5), "6 Cancelled", ...nothing(7, 8)],
    stored: [
      did(1, "tow"),
      "2 tow superseded",
      ...all([3, 7], "repair"),
      did(4, "renew"),
      ...all([5, 8], "shunt"),
      "6 haul cancelled"
    ],
    ran: ["tow", "repair", "renew", "shunt"]
  }),
  lanes("7.1, 15.5: a timeout ends one in two lanes, and those behind it begin", [
    comes(1, "slow"),
    comes(2, "shunt"),
    comes(3, "repair"),
    stand("performing 1 3, pending 2"),
    passes(60_000),
    stand("performing 2 3")
  ], {
    handles: ["1 TimedOut", ...nothing(2, 3)],
    stored: ["1 slow timed_out 1 1 succeeded", did(2, "shunt"), did(3, "repair")],
    ran: ["slow", "slow timed_out", "shunt", "repair"]
  }),
  lanes("4.6, 15.5: children of one that is cancelled leave their lanes", [
    comes(1, "askHaul"),
    comes(2, "shunt"),
    stand("performing 9, pending 2"),
    cancelled(1),
    stand("performing 2"),
    comes(3, "askHaul"),
    comes(4, "repair"),
    comes(5, "repair"),
    stand("performing 2, pending 4 5 9"),
    cancelled(3),
    stand("performing 2 4 5")
  ], {
    handles: ["1 Cancelled", "2 nothing", "3 Cancelled", ...nothing(4, 5)],
    stored: [
      "1 askHaul cancelled ask cancelled",
      "9 haul cancelled 1 succeeded",
      did(2, "shunt"),
      "3 askHaul cancelled ask cancelled",
      "9 haul cancelled",
      ...all([4, 5], "repair")
    ],
    ran: ["haul", "shunt", "repair"]
  }),
  lanes("2.9, 14.1: children of one step in a line, by their priorities", [
    comes(1, "shunt"),
    comes(2, "askAll"),
    stand("performing 1, pending 7 8 9"),
    ends(1),
    stand("performing 8, pending 7 9"),
    ends(8),
    stand("performing 7, pending 9")
  ], {
    handles: nothing(1, 2),
    stored: [...all([1, 7, 8], "shunt"), did(9, "haul"), asked(2, "askAll")],
    ran: ["shunt", "haul"]
  }),
  lanes("2.5: a child in the named lane of its parent, and a cycle over two", [
    comes(1, "outer"),
    comes(2, "goSouth"),
    comes(3, "goNorth"),
    passes(1000),
    passes(1000)
  ], {
    handles: ["1 ActionFailed", "2 nothing", "3 ActionFailed"],
    stored: [
      "1 outer failed 1 failed",
      "2 goSouth succeeded wait succeeded, cross succeeded",
      "9 south succeeded 1 succeeded",
      "3 goNorth failed wait succeeded, cross failed"
    ],
    ran: ["south"]
  }),
  lanes("2.5, 15.3: in a line the same checksum joins the newest, as a root and as a child", [
    comes(1, "paint"),
    comes(2, "paint"),
    comes(3, "askPaint"),
    comes(4, "shunt"),
    comes(5, "paint"),
    comes(6, "paint"),
    stand("performing 1, pending 4 5"),
    ends(1),
    stand("performing 4, pending 5")
  ], {
    handles: ["1 \"red\"", "2 \"red\"", "3 nothing", "4 nothing", "5 \"red\"", "6 \"red\""],
    stored: [...all([1, 5], "paint"), asked(3, "askPaint"), did(4, "shunt")],
    ran: ["paint", "shunt"]
  }),
  lanes("2.2, 15.1: what is prepared joins the lane that an effect gives", [
    comes(1, "careful"),
    comes(2, "careful"),
    comes(3, "shunt"),
    stand("performing 1, pending 2 3"),
    ends(1),
    stand("performing 2, pending 3")
  ], {
    handles: nothing(1, 2, 3),
    stored: [...all([1, 2], "careful"), did(3, "shunt")],
    ran: ["before", "a lane", "careful", "shunt"]
  }),
  lanes("14.1, 15.3: in a line the more urgent one is first", [
    comes(1, "shunt"),
    comes(2, "shunt", { priority: 10 }),
    comes(3, "shunt"),
    comes(4, "haul", { priority: -100 }),
    stand("performing 1, pending 2 3 4"),
    ends(1),
    stand("performing 4, pending 2 3"),
    ends(4),
    stand("performing 3, pending 2")
  ], {
    handles: nothing(1, 2, 3, 4),
    stored: [...all([1, 2, 3], "shunt"), did(4, "haul")],
    ran: ["shunt", "haul"]
  }),
  lanes("14.1: delayed ones join when they are due, and one is cancelled before that", [
    comes(1, "shunt", { delay: "1 minute", priority: -3, tags: ["delayed"] }),
    comes(2, "shunt", { at: new Date(1_000_000_030_000) }),
    comes(3, "shunt", { delay: "10 seconds" }),
    comes(4, "askLate"),
    stand("queued 1 2 3 9"),
    tagged(1, "delayed"),
    tagged(9, "late child"),
    cancelled(3),
    passes(30_000),
    stand("performing 2, queued 1 9"),
    comes(5, "shunt"),
    passes(30_000),
    stand("performing 2, pending 1 5 9"),
    ends(2),
    stand("performing 9, pending 1 5"),
    tagged(9, "late child"),
    ends(9),
    stand("performing 1, pending 5"),
    tagged(1, "delayed")
  ], {
    handles: [...nothing(1, 2), "3 Cancelled", ...nothing(4, 5)],
    stored: [...all([1, 2, 5, 9], "shunt"), "3 shunt cancelled", asked(4, "askLate")],
    ran: ["shunt"]
  }),
  lanes("14.1: a delayed one in a plain lane", [
    comes(1, "park", { delay: "1 minute", tags: ["a", "b"] }),
    comes(2, "park"),
    passes(60_000),
    stand("performing 2, pending 1"),
    tagged(1, "a b"),
    ends(2),
    stand("performing 1")
  ], { handles: nothing(1, 2), stored: all([1, 2], "park"), ran: ["park"] }),
  lanes("14.2, 15.3: one that arrives after a newer one is superseded by it", [
    comes(1, "renew"),
    pauses({ actorType: "Truck", name: "revise" }),
    comes(2, "revise"),
    comes(3, "renew"),
    stand("performing 1, pending 3, queued 2"),
    resumes({ actorType: "Truck", name: "revise" }),
    stand("performing 1, pending 3")
  ], {
    handles: nothing(1, 2, 3),
    stored: [...all([1, 3], "renew"), "2 revise superseded"],
    ran: ["renew"]
  }),
  lanes("15.8: a plain lane is paused, and goes on", [
    comes(1, "park"),
    pausesLane("square"),
    comes(2, "park"),
    ends(1),
    comes(3, "park"),
    stand("pending 3"),
    resumesLane("square"),
    stand("performing 3")
  ], { handles: nothing(1, 2, 3), stored: [...all([1, 3], "park"), "2 park superseded"], ran: ["park"] }),
  lanes("15.8: a named lane is paused, its place holds up another one, and it goes on", [
    comes(1, "shunt"),
    pausesLane(track()),
    comes(2, "haul"),
    comes(3, "repair"),
    ends(1),
    stand("pending 2 3"),
    comes(4, "shunt", { priority: -1 }),
    stand("pending 2 3 4"),
    resumesLane(track()),
    stand("performing 4, pending 2 3"),
    ends(4),
    stand("performing 2 3")
  ], {
    handles: nothing(1, 2, 3, 4),
    stored: [...all([1, 4], "shunt"), did(2, "haul"), did(3, "repair")],
    ran: ["shunt", "haul", "repair"]
  }),
  lanes("15.8: a paused lane rejects, and one that is full does", [
    pausesLane(lift()),
    pausesLane(ramp()),
    comes(1, "raise"),
    comes(2, "load"),
    comes(3, "load"),
    stand("pending 2"),
    resumesLane(ramp()),
    resumesLane(lift()),
    comes(4, "raise"),
    stand("performing 2 4")
  ], {
    handles: ["1 LaneBusy", "2 nothing", "3 LaneFull", "4 nothing"],
    stored: [did(2, "load"), did(4, "raise")],
    ran: ["load", "raise"]
  }),
  lanes("15.8, 15.3: nobody is cancelled for one that a pause holds", [
    comes(1, "swerve"),
    pausesLane(hasty()),
    comes(2, "swerve"),
    comes(3, "swerve"),
    stand("performing 1, pending 3"),
    ends(1),
    stand("pending 3"),
    resumesLane(hasty()),
    stand("performing 3"),
    comes(4, "swerve"),
    stand("performing 4")
  ], {
    handles: ["1 nothing", "2 Cancelled", "3 Cancelled", "4 nothing"],
    stored: [
      ...all([1, 4], "swerve"),
      "2 swerve superseded",
      "3 swerve cancelled 1 succeeded"
    ],
    ran: ["swerve"]
  }),
  lanes("15.8: everything, a queue and a definition are paused; what has begun goes on, what is cancelled ends", [
    comes(1, "shunt"),
    comes(2, "askHaul"),
    pauses({ actorType: "Truck", name: "repair" }),
    pauses({ queue: "default" }),
    comes(3, "repair", { priority: -1 }),
    comes(4, "shunt", { delay: "1 minute" }),
    comes(5, "park"),
    stand("performing 1, pending 9, queued 3 4 5"),
    pauses("everything"),
    ends(1),
    cancelled(5),
    passes(60_000),
    stand("pending 9, queued 3 4"),
    resumes({ queue: "default" }),
    stand("pending 9, queued 3 4"),
    resumes("everything"),
    stand("performing 9, pending 4, queued 3"),
    resumes({ actorType: "Truck", name: "repair" }),
    stand("performing 3 9, pending 4")
  ], {
    handles: [...nothing(1, 2, 3, 4), "5 Cancelled"],
    stored: [
      ...all([1, 4], "shunt"),
      asked(2, "askHaul"),
      did(9, "haul"),
      did(3, "repair"),
      "5 park cancelled"
    ],
    ran: ["shunt", "haul", "repair"]
  }),
  lanes("15.8: starts that are put off are put off on in a paused lane", [
    comes(1, "save"),
    pausesLane(calm()),
    passes(9000),
    comes(2, "save"),
    passes(30_000),
    stand("pending 2"),
    resumesLane(calm()),
    stand("performing 2"),
    comes(3, "enter"),
    comes(4, "enter"),
    comes(5, "enter"),
    pausesLane(gate()),
    passes(60_000),
    stand("performing 2 3 4, pending 5"),
    resumesLane(gate()),
    stand("performing 2 3 4 5")
  ], {
    handles: nothing(1, 2, 3, 4, 5),
    stored: ["1 save superseded", did(2, "save"), ...all([3, 4, 5], "enter")],
    ran: ["save", "enter"]
  })
]
