/** Programs under faults beside people and systems outside: tokens that answer, what a step says of itself, and what operators ask for, of one and of many. */
import { Effect, Layer, Redacted, Schema } from "effect"
import { ActionRepo, JobQueue, Step, Stepped } from "stepped"
import { awaited, invoke, nobody, note, program, type Root, simply } from "./Playing.ts"
import { type Stage, type Tree, userStart } from "./Trial.ts"

class Office extends Stepped.Actor<Office>()("Office", { id: Schema.Int }) {}
const answer = Stepped.signal("answer", { payload: Schema.Int })

const Tokens = Layer.orDie(
  Stepped.Tokens.layer([{ name: "a", secret: Redacted.make("a secret of thirty-two characters") }])
)
/** The last token that the body of each action has given away. */
const given = new Map<string, string>()
const gives = (token: string) =>
  Effect.map(Step, ({ actionId }) => {
    given.set(actionId, token)
  })

const ask = Stepped.action("ask", { success: Schema.Int, signals: [answer] })
  .step("ask", () => Effect.andThen(Effect.flatMap(Step.token(answer), gives), Step.waitFor(answer)))
  .step(({ ask }) => Effect.succeed(ask))
  .after(({ status }) => note(`ask ${status}`))
const hire = Stepped.action("hire", { success: Schema.String, outbound: true })
  .step("ask", () => Effect.flatMap(Step.token("complete"), gives))
  .after(({ status }) => note(`hire ${status}`))
const count = Stepped.action("count", { success: Schema.Int })
  .step("count", () =>
    Effect.gen(function*() {
      for (let n = 0; n < 20; n++) yield* Step.progress({ n })
      yield* note("counts")
      yield* Step.wait("1 minute")
    }))
  .step(() => Effect.succeed(20))
const sweep = Stepped.action("sweep").step("sweep", () => note("sweeps"))
const stay = Stepped.action("stay", { outbound: true }).step("stay", () => note("stays"))
  .cancelled(() => note("leaves"))
const Offices = Stepped.actions(Office, [ask, hire, count, sweep, stay])
const OfficesLive = Layer.provide(Offices.layer, Tokens)

const root = (action: Root["action"], call: (office: any) => Effect.Effect<unknown, unknown>, id = 1): Root => ({
  actor: Office.ref(id),
  action,
  invoke: Effect.flatMap(Offices.client, (client) => call(client(id))) as Root["invoke"]
})
const by = { by: "ada", reason: "a test" }

/** Answers with the token of an action until somebody says that it was taken, or was before; and one that is forged is not. */
const answered = (stage: Stage, id: string, result: number | string) =>
  Effect.gen(function*() {
    const token = given.get(id)!
    const outcome = Stepped.Outcome.succeeded(result as never)
    const forged = yield* stage.insist(
      Stepped.receive(`${token}A`, outcome).pipe(
        Effect.as("taken"),
        Effect.catchTag("InvalidToken", ({ _tag }) => Effect.succeed(_tag)),
        Effect.provide(Tokens)
      )
    )
    yield* stage.insist(Effect.asVoid(Effect.provide(Stepped.receive(token, outcome), Tokens)))
    return forged
  })
const answering = (one: Root, result: number | string) => (stage: Stage) =>
  Effect.gen(function*() {
    const id = yield* invoke(stage, one)
    yield* stage.idle
    const forged = yield* answered(stage, id, result)
    yield* stage.drain(nobody)
    return [forged, yield* awaited(stage, one, id)]
  })

/** How often each verb is recorded as done. */
const recorded = ({ sql }: Stage) =>
  Effect.map(
    sql<{ line: string }>`select verb || ' ' || count(*) as line from stepped.operations where outcome = 'done'
      group by verb order by 1`,
    (rows) => rows.map(({ line }) => line)
  )

export const operatorPrograms: ReadonlyArray<Tree> = [
  program("12.2: a token sends its signal once, and a forged one does not", {
    layer: OfficesLive,
    play: answering(root(ask, (office) => office.askLater()), 7),
    handles: ["InvalidToken", "7"],
    actions: ["Office/1 ask succeeded 1 ask succeeded, 2 succeeded"],
    notes: ["ask succeeded"]
  }),
  program("12.2: a token completes its action once, and a forged one does not", {
    layer: OfficesLive,
    play: answering(root(hire, (office) => office.hireLater()), "Bob"),
    handles: ["InvalidToken", "\"Bob\""],
    actions: ["Office/1 hire succeeded 1 ask succeeded"],
    notes: ["hire succeeded"]
  }),
  program("14.4: what a step says of itself changes nothing of what becomes of it", {
    layer: OfficesLive,
    play: simply(root(count, (office) => office.countLater())),
    handles: ["20"],
    actions: ["Office/1 count succeeded count succeeded, 2 succeeded"],
    notes: ["counts"]
  }),
  program("18.2: rescheduled and reprioritised while it is delayed, and deleted when it has ended, each once", {
    layer: OfficesLive,
    play: (stage) =>
      Effect.gen(function*() {
        const one = root(sweep, (office) => office.with({ delay: "1 hour" }).sweepLater())
        const id = yield* invoke(stage, one)
        const asks = <A, E>(asked: Effect.Effect<A, E, JobQueue | ActionRepo>) => stage.insist(Effect.asVoid(asked))
        yield* asks(Effect.flatMap(JobQueue, (queue) => queue.reprioritise(id, -7, by)))
        yield* asks(Effect.flatMap(JobQueue, (queue) => queue.reschedule(id, new Date(userStart + 60_000), by)))
        yield* stage.drain(nobody)
        const end = yield* awaited(stage, one, id)
        const [began] = yield* stage.sql<{ ms: number }>`
          select extract(epoch from started_at)::float8 * 1000 - ${userStart}::float8 as ms from stepped.actions where id = ${id}`
        yield* asks(Effect.flatMap(ActionRepo, (repo) => repo.delete(id, by)))
        return [end, `after ${began!.ms} ms`, ...yield* recorded(stage)]
      }),
    handles: [
      "nothing",
      "after 60000 ms",
      "ActionRepo.delete 1",
      "JobQueue.reprioritise 1",
      "JobQueue.reschedule 1"
    ],
    actions: [],
    notes: ["sweeps"]
  }),
  program("18.4: cancelled are all that are meant, each once, whoever asks for it again", {
    layer: OfficesLive,
    play: (stage) =>
      Effect.gen(function*() {
        const stays = [1, 2, 3, 4, 5].map((id) => root(stay, (office) => office.stayLater(), id))
        const ids = yield* Effect.forEach(stays, (one) => invoke(stage, one))
        yield* stage.idle
        yield* stage.advance(1000)
        const meant = { action: stay } as const
        const verb = { verb: "Stepped.cancel" } as const
        const { count, id, key } = yield* stage.insist(Stepped.forMany(meant, verb))
        yield* stage.insist(
          Effect.asVoid(
            Effect.flatMap(Stepped.forMany(meant, verb, key), (plan) => plan.start({ ...by, batch: 2 }))
          )
        )
        yield* stage.drain(nobody)
        const ends = yield* Effect.forEach(stays, (one, n) => awaited(stage, one, ids[n]!))
        const [summary] = yield* stage.sql<{ done: number; refused: number }>`
          select (result ->> 'done')::int as done, jsonb_array_length(result -> 'refused') as refused
          from stepped.ended_actions where id = ${id}`
        return [
          `${count} are meant`,
          ...ends,
          `${summary!.done} done, ${summary!.refused} refused`,
          ...(yield* recorded(stage)).filter((line) => line.startsWith("Stepped.cancel"))
        ]
      }),
    handles: ["5 are meant", ...Array.from({ length: 5 }, () => "Cancelled"), "5 done, 0 refused", "Stepped.cancel 5"],
    actions: [
      ...[1, 2, 3, 4, 5].map((id) => `Office/${id} stay cancelled 1 stay succeeded`),
      "Stepped/Stepped.cancel forMany succeeded ask succeeded"
    ],
    notes: ["stays", "leaves"]
  })
]
