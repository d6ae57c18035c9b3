/**
 * Programs under faults in which others count on a child that is to be undone, too: it is kept, and listed, whoever dies; and children that are
 * undone in a lane that others wait for.
 */
import { Effect, Schema } from "effect"
import { Step, Stepped } from "stepped"
import { awaited, invoke, nobody, note, program, type Root } from "./Playing.ts"
import type { Stage, Tree } from "./Trial.ts"

class NoWind extends Schema.TaggedError<NoWind>()("NoWind", {}) {}
class Crew extends Stepped.Actor<Crew>()("Crew", { id: Schema.Int }) {}

/** Whoever asks for it joins, or has what was achieved. */
const rig = Stepped.action("rig", {
  success: Schema.String,
  outbound: true,
  checksum: () => "mast",
  compensate: () => note("never")
}).step("rig", () => note("rigs"))
const fails = Stepped.step("fail", () => Effect.fail(new NoWind()))
const cruise = Stepped.action("cruise", { error: NoWind })
  .step("pack", () => note("packs"), { compensate: { run: () => note("once: unpacks"), transactional: true } })
  .step("rig", () => Effect.asVoid(Step.do(rig)), { unwind: true })
  .step("wait", () => Step.wait("1 minute"))
  .use(fails)
  .after(({ kept = [], notUndone = [], status }) =>
    note(
      [status, ...kept.map(({ action, step }) => `${step} keeps ${action}`), ...notUndone.map(({ step }) => step)]
        .join()
    )
  )

const quay = Stepped.lane("quay", { whenBusy: "line" })
const berth = Stepped.action("berth", { arguments: [Schema.Int], concurrency: () => quay() })
  .step("tie", (n) => Effect.as(note(`ties ${n}`), n), {
    compensate: { run: (n) => note(`once: unties ${n}`), transactional: true }
  })
const fleet = Stepped.action("fleet", { error: NoWind })
  .step("berths", () => Effect.all([1, 2, 3].map((n) => Step.do(berth, n))), { unwind: true })
  .step("wait", () => Step.wait("1 minute"))
  .use(fails)
  .after(({ notUndone = [], status }) => note([status, ...notUndone.map(({ step }) => step)].join()))
/** In the same lane until somebody completes it. */
const moor = Stepped.action("moor", { outbound: true, concurrency: () => quay() }).step("moor", () => note("moors"))

/** Is to be undone in a lane in which somebody waits for whoever has asked for it. */
const hold = Stepped.action("hold", {
  outbound: true,
  concurrencyKey: () => "desk",
  compensate: () => note("never")
}).step("hold", () => note("holds"))
const stay = Stepped.action("stay", { error: NoWind, checksum: () => "bed" })
  .step("hold", () => Effect.asVoid(Step.do(hold)), { unwind: true })
  .step("wait", () => Step.wait("1 minute"))
  .use(fails)
  .after(({ notUndone = [], status }) => note([status, ...notUndone.map(({ step }) => step)].join()))
const escort = Stepped.action("escort", { error: NoWind, concurrencyKey: () => "desk" })
  .step("stay", () => Step.do(stay))

const Crews = Stepped.actions(Crew, [rig, cruise, berth, fleet, moor, hold, stay, escort])

type Call = "rigLater" | "cruiseLater" | "fleetLater" | "moorLater" | "stayLater" | "escortLater"
const root = (action: Root["action"], call: Call, id = 1): Root => ({
  actor: Crew.ref(id),
  action,
  invoke: Effect.flatMap(Crews.client, (client) => (client(id) as any)[call]()) as Root["invoke"]
})
const rigging = root(rig, "rigLater")
const cruising = root(cruise, "cruiseLater")

/** Whoever rigs is answered; asked again, since no answer came, there is nobody to be. */
const rigged = (stage: Stage) =>
  Effect.andThen(
    stage.insist(Effect.asVoid(Stepped.complete(Crew.ref(1), rig, Stepped.Outcome.succeeded("mast")))),
    stage.idle
  )
const mooring = (stage: Stage) =>
  Effect.map(
    stage.sql<{ line: string }>`select actor_id || ' ' || status as line from stepped.actions
      where name = 'moor' order by actor_id`,
    (rows) => rows.map(({ line }) => line).join(", ")
  )

const kept = {
  handles: ["\"mast\"", "NoWind"],
  actions: [
    "Crew/1 cruise failed 1 pack succeeded, rig succeeded, wait succeeded, fail failed, rig succeeded, pack succeeded",
    "Crew/1 rig succeeded rig succeeded"
  ],
  notes: ["packs", "rigs", "once: unpacks", "failed,rig keeps rig Crew/1"]
}

export const keptPrograms: ReadonlyArray<Tree> = [
  program("10.4: a child that has joined another one's is kept", {
    ...kept,
    layer: Crews.layer,
    play: (stage) =>
      Effect.gen(function*() {
        const first = yield* invoke(stage, rigging)
        yield* stage.idle
        const second = yield* invoke(stage, cruising)
        yield* stage.idle
        yield* rigged(stage)
        yield* stage.drain(nobody)
        return [yield* awaited(stage, rigging, first), yield* awaited(stage, cruising, second)]
      })
  }),
  program("10.4: what was achieved before is kept", {
    ...kept,
    layer: Crews.layer,
    play: (stage) =>
      Effect.gen(function*() {
        const first = yield* invoke(stage, rigging)
        yield* stage.idle
        yield* rigged(stage)
        const second = yield* invoke(stage, cruising)
        yield* stage.drain(nobody)
        return [yield* awaited(stage, rigging, first), yield* awaited(stage, cruising, second)]
      })
  }),
  program("10.4: what somebody else has reused meanwhile is kept", {
    ...kept,
    layer: Crews.layer,
    play: (stage) =>
      Effect.gen(function*() {
        const first = yield* invoke(stage, cruising)
        yield* stage.idle
        yield* rigged(stage)
        const second = yield* invoke(stage, rigging)
        yield* stage.idle
        const answer = yield* awaited(stage, rigging, second)
        yield* stage.drain(nobody)
        return [answer, yield* awaited(stage, cruising, first)]
      })
  }),
  program("10.4, 15.3: children are undone in a named lane, behind who performs there and before who waits", {
    layer: Crews.layer,
    play: (stage) =>
      Effect.gen(function*() {
        const one = root(fleet, "fleetLater")
        const id = yield* invoke(stage, one)
        yield* stage.idle
        const moors = [root(moor, "moorLater", 1), root(moor, "moorLater", 2)] as const
        const first = yield* invoke(stage, moors[0])
        yield* stage.idle
        yield* stage.advance(60_000)
        yield* stage.idle
        const second = yield* invoke(stage, moors[1])
        yield* stage.idle
        const before = yield* mooring(stage)
        const complete = (moored: string) =>
          stage.insist(Effect.asVoid(Stepped.complete(moored, moor, Stepped.Outcome.succeededVoid)))
        yield* complete(first)
        yield* stage.idle
        const after = yield* mooring(stage)
        // by now nothing is left to undo
        const end = yield* awaited(stage, one, id)
        yield* complete(second)
        yield* stage.drain(nobody)
        return [before, after, end]
      }),
    handles: ["1 performing, 2 pending", "1 succeeded, 2 performing", "NoWind"],
    actions: [
      ...Array.from({ length: 3 }, () => "Crew/1 berth succeeded tie succeeded, tie succeeded"),
      "Crew/1 fleet failed 1 berths succeeded, wait succeeded, fail failed, berths succeeded",
      "Crew/1 moor succeeded moor succeeded",
      "Crew/2 moor succeeded moor succeeded"
    ],
    notes: ["ties 1", "ties 2", "ties 3", "once: unties 1", "once: unties 2", "once: unties 3", "failed", "moors"]
  }),
  program("10.4: a child is not undone where waiting for its lane would close a cycle", {
    layer: Crews.layer,
    play: (stage) =>
      Effect.gen(function*() {
        const [staying, escorting] = [root(stay, "stayLater"), root(escort, "escortLater")]
        const first = yield* invoke(stage, staying)
        yield* stage.idle
        yield* stage.insist(Effect.asVoid(Stepped.complete(Crew.ref(1), hold, Stepped.Outcome.succeededVoid)))
        yield* stage.idle
        // it has the lane by now, and joins whoever is to undo something in it
        const second = yield* invoke(stage, escorting)
        yield* stage.idle
        yield* stage.drain(nobody)
        return [yield* awaited(stage, staying, first), yield* awaited(stage, escorting, second)]
      }),
    handles: ["NoWind", "ActionFailed"],
    actions: [
      "Crew/1 escort failed stay failed",
      "Crew/1 hold succeeded hold succeeded",
      "Crew/1 stay failed 1 hold succeeded, wait succeeded, fail failed, hold failed"
    ],
    notes: ["holds", "failed,hold"]
  })
]
