/** Programs under faults that wait for signals: each is read once, whoever dies, and however often it was sent. */
import { Effect, Schedule, Schema } from "effect"
import { type Engine, Step, Stepped } from "stepped"
import { awaited, invoke, note, program, type Root } from "./Playing.ts"
import type { Stage, Tree } from "./Trial.ts"

class Refused extends Schema.TaggedError<Refused>()("Refused", {}) {}
class Desk extends Stepped.Actor<Desk>()("Desk", { id: Schema.Int }) {}
const go = Stepped.signal("go")
const answer = Stepped.signal("answer", { payload: Schema.Int, error: Refused })

const file = Stepped.action("file").step("go", () => note("files"))
/** One, then all that have come beside a child, and one more. */
const collect = Stepped.action("collect", {
  success: Schema.Array(Schema.Int),
  error: Refused,
  signals: [go, answer]
})
  .step("open", () => Step.waitFor(go))
  .step("one", () => Step.waitFor(answer))
  .step(
    "many",
    Effect.fn(function*() {
      const received = yield* Step.received(answer)
      yield* Step.do(file)
      return received
    })
  )
  .step("last", () => Step.waitFor(answer, { timeout: "1 hour" }))
  .step("none", () => Step.waitFor(answer, { timeout: "1 second", optional: true }))
  .step(({ last, many, none, one }) => Effect.succeed([one, ...many, last, none ?? 0]))
  .after(({ status }) => note(`collect ${status}`))
/** Has one answer in both attempts, and waits for another one after a failure. */
const insist = Stepped.action("insist", { success: Schema.Array(Schema.Int), error: Refused, signals: [answer] })
  .step("both", () => Effect.all([Step.waitFor(answer), Step.waitFor(answer)]), { retry: Schedule.recurs(2) })
  .step(({ both }) => Effect.succeed(both))
/** What it has received it is given again, since its child fails at first; and none of it is read twice. */
const check = Stepped.action("check", { arguments: [Schema.Int], error: Refused })
  .step((attempt) => attempt < 2 ? Effect.fail(new Refused()) : Effect.void)
const gather = Stepped.action("gather", { success: Schema.Array(Schema.Int), error: Refused, signals: [go, answer] })
  .step("open", () => Step.waitFor(go))
  .step(
    "many",
    Effect.fn(function*() {
      const received = yield* Step.received(answer)
      yield* Step.do(check, (yield* Step).attemptNumber)
      return received
    }),
    { retry: Schedule.recurs(2) }
  )
  .step("more", () => Step.received(answer))
  .step(({ many, more }) => Effect.succeed([...many, ...more]))
const Desks = Stepped.actions(Desk, [file, collect, insist, check, gather])

const root = (action: Root["action"], call: (desk: any) => Effect.Effect<unknown, unknown>): Root => ({
  actor: Desk.ref(1),
  action,
  invoke: Effect.flatMap(Desks.client, (client) => call(client(1))) as Root["invoke"]
})

const unread = ({ sql }: Stage) =>
  Effect.map(
    sql<
      { n: number; all: number }
    >`select count(*) filter (where step is null)::int as n, count(*)::int as "all" from stepped.signals`,
    ([row]) => `${row!.n} of ${row!.all} are unread`
  )

/** Sends until there is an answer: under its key it is one. */
const sends = (stage: Stage, id: string, value: number) =>
  stage.insist(
    Effect.asVoid(Stepped.send(id, answer, value, { key: String(value) })) as Effect.Effect<void, unknown, Engine>
  )

export const signalPrograms: ReadonlyArray<Tree> = [
  program("11.3: signals before anybody waits, while somebody does, and given at once", {
    layer: Desks.layer,
    play: (stage) =>
      Effect.gen(function*() {
        const one = root(collect, (desk) => desk.collectLater())
        const id = yield* invoke(stage, one)
        for (const value of [1, 2, 3]) yield* sends(stage, id, value)
        yield* stage.insist(Effect.asVoid(Stepped.send(id, go, undefined, { key: "go" })))
        let isSent = false
        yield* stage.drain(Effect.suspend(() => {
          if (isSent) return Effect.succeed(false)
          isSent = true
          return Effect.as(sends(stage, id, 4), true)
        }))
        return [yield* awaited(stage, one, id), yield* unread(stage)]
      }),
    handles: ["[1,2,3,4,0]", "0 of 5 are unread"],
    actions: [
      "Desk/1 collect succeeded 1 open succeeded, one succeeded, many succeeded, last succeeded, none succeeded, 6 succeeded",
      "Desk/1 file succeeded go succeeded"
    ],
    notes: ["files", "collect succeeded"]
  }),
  program("11.5: a failure that was sent, after which a step begins again with what it has", {
    layer: Desks.layer,
    play: (stage) =>
      Effect.gen(function*() {
        const one = root(insist, (desk) => desk.insistLater())
        const id = yield* invoke(stage, one)
        yield* sends(stage, id, 1)
        yield* stage.insist(Effect.asVoid(Stepped.sendFailure(id, answer, new Refused(), { key: "no" })))
        yield* sends(stage, id, 2)
        yield* stage.drain(Effect.succeed(false))
        return [yield* awaited(stage, one, id), yield* unread(stage)]
      }),
    handles: ["[1,2]", "0 of 3 are unread"],
    actions: ["Desk/1 insist succeeded both succeeded, 2 succeeded"],
    notes: []
  }),
  program("11.1: what a step has received is the next attempt's, too, and nobody's after it", {
    layer: Desks.layer,
    play: (stage) =>
      Effect.gen(function*() {
        const one = root(gather, (desk) => desk.gatherLater())
        const id = yield* invoke(stage, one)
        for (const value of [1, 2]) yield* sends(stage, id, value)
        yield* stage.insist(Effect.asVoid(Stepped.send(id, go, undefined, { key: "go" })))
        yield* stage.drain(Effect.succeed(false))
        return [yield* awaited(stage, one, id), yield* unread(stage)]
      }),
    handles: ["[1,2]", "0 of 3 are unread"],
    actions: [
      "Desk/1 check failed 1 failed",
      "Desk/1 check succeeded 1 succeeded",
      "Desk/1 gather succeeded open succeeded, many succeeded, more succeeded, 4 succeeded"
    ],
    notes: []
  })
]
