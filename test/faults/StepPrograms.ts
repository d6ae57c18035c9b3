/**
 * Programs under faults whose steps begin again or time out. How often a body ran is counted where it survives whoever runs it; what came
 * of it is what is to be seen at the end.
 */
import { Effect, Schedule, Schema } from "effect"
import { ActionRepo, Step, type StepAttempt, type StepDecisionResult, Stepped } from "stepped"
import { awaited, invoke, nobody, note, program, type Root, simply } from "./Playing.ts"
import type { Stage, Tree } from "./Trial.ts"

class NoFuel extends Schema.TaggedError<NoFuel>()("NoFuel", {}) {}
class Lorry extends Stepped.Actor<Lorry>()("Lorry", { id: Schema.Int }) {}

const soon = Schedule.spaced("20 millis")
const attempt = Effect.map(Step, ({ attemptNumber }) => attemptNumber)

const fuel = Stepped.action("fuel", { success: Schema.Int, error: NoFuel })
  .step(
    "fill",
    () =>
      Effect.flatMap(
        attempt,
        (n) => n < 3 ? Effect.andThen(note(`fill ${n}`), Effect.fail(new NoFuel())) : Effect.succeed(n)
      ),
    {
      retry: soon.pipe(Schedule.upTo({ times: 2 }))
    }
  )
  .step("drive", ({ fill }) => Effect.succeed(fill))
  .after(({ status }) => note(`fuel ${status}`))
const dry = Stepped.action("dry", { error: NoFuel }).step("fill", () => Effect.fail(new NoFuel()), {
  retry: { schedule: soon, times: 2 }
})
const buy = Stepped.action("buy", { success: Schema.Int, error: NoFuel }).step(
  "pay",
  () =>
    Effect.flatMap(
      attempt,
      (n) => Effect.andThen(note("once: paid"), n < 3 ? Effect.fail(new NoFuel()) : Effect.succeed(n))
    ),
  {
    retry: soon,
    transactional: true
  }
)
const load = Stepped.action("load", {
  arguments: [Schema.Int],
  success: Schema.Int,
  concurrencyKey: (n) => `load ${n}`
})
  .step("load", (n) => Effect.as(note(`load ${n}`), n))
const lose = Stepped.action("lose", { arguments: [Schema.Int], success: Schema.Int }).step(
  "lose",
  (n) => n < 3 ? Effect.die(new Error("lost")) : Effect.succeed(n)
)
/** The second attempt performs one child anew, the third nothing. */
const trip = Stepped.action("trip", { success: Schema.Array(Schema.Int) })
  .step("all", () =>
    Effect.gen(function*() {
      const n = yield* attempt
      const children = [yield* Step.do(load, 1), yield* Step.do(load, 2), yield* Step.do(lose, n + 1)]
      return children
    }), { retry: soon })
  .step("again", () =>
    Effect.gen(function*() {
      const children = [yield* Step.do(load, 4)]
      if ((yield* attempt) === 1) yield* Step.markFailed
      return children
    }), { retry: soon })
  .step((results) => Effect.succeed([...results.all, ...results.again]))
const ask = Stepped.action("ask", { outbound: true }).step("ask", () => Effect.void)
/** Nobody answers. */
const waits = Stepped.action("waits").step("ask", () => Effect.asVoid(Step.do(ask)), {
  timeout: "200 millis",
  retry: soon.pipe(Schedule.upTo({ times: 1 })),
  mayFail: true
})
const rests = Stepped.action("rests").step("rest", () => Step.wait("1 hour"), { timeout: "200 millis" })

const stuck = Stepped.action("stuck", { success: Schema.Int, defaults: { onExhausted: "hold" } })
  .step(
    "again",
    () => Effect.andThen(Step.do(load, 6), Effect.flatMap(attempt, (n) => n === 1 ? Step.markFailed : Effect.void))
  )
  .step(() => Effect.succeed(7))
const refused = Stepped.action("refused")
  .step("fail", () => Effect.andThen(Step.do(load, 5), Step.markFailed), { onExhausted: "hold" })
  .after(({ status }) => note(`refused ${status}`))
/** Nobody decides of its held step before it is ended from outside. */
const park = Stepped.action("park", { timeout: "1 hour" })
  .step("brake", () => Effect.void, { compensate: { run: () => note("once: lets go"), transactional: true } })
  .step("lock", () => Effect.andThen(Step.do(load, 8), Step.markFailed), {
    onExhausted: "hold",
    compensateFailed: { run: () => note("once: unlocks"), transactional: true }
  })
  .after(({ status }) => note(`park ${status}`))
/** Two steps that are held, one after another: who skips or completes the first one again means that one. */
const convoy = Stepped.action("convoy", { success: Schema.String, defaults: { onExhausted: "hold" } })
  .step("first", () => Effect.asVoid(Step.markFailed))
  .step("second", () => Effect.as(Step.markFailed, ""), { result: Schema.String })
  .step((results) => Effect.succeed(JSON.stringify(results)))

const Lorries = Stepped.actions(
  Lorry,
  [fuel, dry, buy, load, lose, trip, ask, waits, rests, stuck, refused, convoy, park]
)
const root = (action: Root["action"], invoke: Root["invoke"]): Root => ({ actor: Lorry.ref(1), action, invoke })
const lorry = Effect.map(Lorries.client, (client) => client(1))
const parked = root(park, Effect.flatMap(lorry, (lorry) => lorry.parkLater()))
const convoyed = root(convoy, Effect.flatMap(lorry, (lorry) => lorry.convoyLater()))

/** Somebody decides of the step that is held, as its name says. */
const decides = (stage: Stage): Effect.Effect<boolean, unknown> =>
  Effect.gen(function*() {
    const held = yield* heldBy(stage)
    if (held === undefined) return false
    yield* stage.insist(Effect.flatMap(ActionRepo, (repo): Effect.Effect<unknown, unknown> => {
      return held.name === "again" ? repo.tryStepAgain(held) : repo.failStep(held, { reason: "no road" })
    }))
    return true
  })

const heldBy = ({ sql }: Stage) =>
  Effect.map(
    sql<StepAttempt & { readonly name: string }>`select action, idx as index, attempt_number as "attemptNumber", name
      from stepped.action_steps where status = 'held'`,
    ([held]) => held
  )

/**
 * Decides of each held step in this way, and again of those that were decided before: with every answer that is lost, and once more when the action
 * has gone on.
 */
const repeats =
  (verb: (repo: ActionRepo["Service"], step: StepAttempt) => Effect.Effect<StepDecisionResult, unknown>) =>
  (stage: Stage) =>
    Effect.gen(function*() {
      const id = yield* invoke(stage, convoyed)
      const decided: Array<StepAttempt> = []
      const decide = (step: StepAttempt) => stage.insist(Effect.flatMap(ActionRepo, (repo) => verb(repo, step)))
      yield* stage.drain(Effect.orDie(Effect.gen(function*() {
        const held = yield* heldBy(stage)
        for (const step of decided) {
          const said = yield* decide(step)
          if (said !== "over") return yield* Effect.die(new Error(`a step that was decided before: ${said}`))
        }
        if (held === undefined) return false
        decided.push(held)
        yield* decide(held)
        return true
      })))
      return [yield* awaited(stage, convoyed, id), `${decided.length} decided`]
    })

/** Ends it while its step is held, whatever the client hears. */
const endsHeld = (ends: (stage: Stage, id: string) => Effect.Effect<unknown>) => (stage: Stage) =>
  Effect.gen(function*() {
    const id = yield* invoke(stage, parked)
    yield* stage.idle
    const held = yield* heldBy(stage)
    yield* ends(stage, id)
    yield* stage.drain(nobody)
    return [`${held?.name} was held`, yield* awaited(stage, parked, id)]
  })
const ended = (how: string) => ({
  actions: [
    "Lorry/1 load succeeded load succeeded",
    `Lorry/1 park ${how} 1 brake succeeded, lock cancelled, lock succeeded, brake succeeded`
  ],
  notes: ["load 8", "once: unlocks", "once: lets go", `park ${how}`]
})

/** Of whom an attempt has left behind there is one for each of its tries that were stored: exactly those of the attempts. */
const counted = (name: string) => (stage: Stage) =>
  Effect.map(
    stage.sql<
      { n: number }
    >`select count(*)::int as n from stepped.ended_actions where definition = ${`Lorry/${name}`}`,
    (rows) => `${rows[0]!.n} ${name}`
  )

export const stepPrograms: ReadonlyArray<Tree> = [
  program("9.1: a step that begins again, and a parent's callbacks", {
    layer: Lorries.layer,
    play: simply(root(fuel, Effect.flatMap(lorry, (lorry) => lorry.fuelLater()))),
    handles: ["3"],
    actions: ["Lorry/1 fuel succeeded 1 fill succeeded, drive succeeded"],
    notes: ["fill 1", "fill 2", "fuel succeeded"]
  }),
  program("9.1: an only step that has no attempt left", {
    layer: Lorries.layer,
    play: simply(root(dry, Effect.flatMap(lorry, (lorry) => lorry.dryLater()))),
    handles: ["NoFuel"],
    actions: ["Lorry/1 dry failed fill failed"],
    notes: []
  }),
  program("9.1: a transactional step that begins again", {
    layer: Lorries.layer,
    play: simply(root(buy, Effect.flatMap(lorry, (lorry) => lorry.buyLater()))),
    handles: ["3"],
    actions: ["Lorry/1 buy succeeded pay succeeded"],
    notes: ["once: paid"]
  }),
  program("9.1: children that have succeeded are used again, all of them too", {
    layer: Lorries.layer,
    play: (stage) =>
      Effect.gen(function*() {
        const said = yield* simply(root(trip, Effect.flatMap(lorry, (lorry) => lorry.tripLater())))(stage)
        return [...said, yield* counted("load")(stage)]
      }),
    handles: ["[1,2,3,4]", "3 load"],
    actions: [
      "Lorry/1 load succeeded load succeeded",
      "Lorry/1 load succeeded load succeeded",
      "Lorry/1 load succeeded load succeeded",
      "Lorry/1 lose failed lose failed",
      "Lorry/1 lose succeeded lose succeeded",
      "Lorry/1 trip succeeded all succeeded, again succeeded, 3 succeeded"
    ],
    notes: ["load 1", "load 2", "load 4"]
  }),
  program("9.12: a step that is held, and tried again with the child that has succeeded", {
    layer: Lorries.layer,
    play: simply(root(stuck, Effect.flatMap(lorry, (lorry) => lorry.stuckLater())), decides),
    handles: ["7"],
    actions: ["Lorry/1 load succeeded load succeeded", "Lorry/1 stuck succeeded again succeeded, 2 succeeded"],
    notes: ["load 6"]
  }),
  program("9.12: a held step that fails for good, and its child", {
    layer: Lorries.layer,
    play: simply(root(refused, Effect.flatMap(lorry, (lorry) => lorry.refusedLater())), decides),
    handles: ["ActionFailed"],
    actions: ["Lorry/1 load succeeded load succeeded", "Lorry/1 refused failed 1 fail failed"],
    notes: ["load 5", "refused failed"]
  }),
  program("9.12: two held steps, skipped by who repeats it", {
    layer: Lorries.layer,
    play: repeats((repo, step) => repo.skipStep(step)),
    handles: [JSON.stringify("{}"), "2 decided"],
    actions: ["Lorry/1 convoy succeeded first skipped, second skipped, 3 succeeded"],
    notes: []
  }),
  program("9.12: two held steps, completed by who repeats it", {
    layer: Lorries.layer,
    play: repeats((repo, step) => repo.completeStep(step, `${step.index}`)),
    handles: [JSON.stringify(`{"first":"0","second":"1"}`), "2 decided"],
    actions: ["Lorry/1 convoy succeeded first succeeded, second succeeded, 3 succeeded"],
    notes: []
  }),
  program("9.12: cancelled while a step is held, which is mended, and what was before it undone", {
    ...ended("cancelled"),
    layer: Lorries.layer,
    play: endsHeld((stage, id) => stage.insist(Stepped.cancel(id, { reason: "rain" }))),
    handles: ["lock was held", "Cancelled"]
  }),
  program("9.12: its action's time is over while a step is held, which is mended, and what was before it undone", {
    ...ended("timed_out"),
    layer: Lorries.layer,
    play: endsHeld((stage) => stage.advance(3_600_000)),
    handles: ["lock was held", "TimedOut"]
  }),
  program("9.4: a step that times out, begins again, and times out for good", {
    layer: Lorries.layer,
    play: simply(root(waits, Effect.flatMap(lorry, (lorry) => lorry.waitsLater()))),
    handles: ["nothing"],
    actions: [
      "Lorry/1 ask cancelled ask succeeded",
      "Lorry/1 ask cancelled ask succeeded",
      "Lorry/1 waits succeeded ask failed"
    ],
    notes: []
  }),
  program("9.4: a wait that is longer than its step's time", {
    layer: Lorries.layer,
    play: simply(root(rests, Effect.flatMap(lorry, (lorry) => lorry.restsLater()))),
    handles: ["ActionFailed"],
    actions: ["Lorry/1 rests failed rest failed"],
    notes: []
  })
]
