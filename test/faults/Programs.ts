/**
 * Programs under faults, for what a plan of the model cannot say: jobs, extensions, transactions of the user's, completing by name, and
 * performing in the calling fiber. Each says what is to be seen at its end.
 */
import { Effect, Layer, Option, Schema } from "effect"
import { SqlClient, SqlError } from "effect/sql"
import { ActionRepo, type ActorRef, type AnyAction, Step, Stepped } from "stepped"
import { performDue } from "stepped/testing"
import { awaited, invoke, nobody, note, program, type Root, simply, storedOf } from "./Playing.ts"
import type { Stage, Tree } from "./Trial.ts"

const gone = new SqlError.SqlError({
  reason: new SqlError.ConnectionError({ cause: new Error("the connection is gone") })
})

class NoRoad extends Schema.TaggedError<NoRoad>()("NoRoad", { to: Schema.String }) {}
class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
class Van extends Stepped.Actor<Van>()("Van", { extends: Car }) {}

const inTransaction = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) => sql.withTransaction(effect))

/** In a transaction that commits once. */
const once = (text: string) => note(`once: ${text}`)
// ---------------------------------------------------------------------------------------------------------------------
// definitions
// ---------------------------------------------------------------------------------------------------------------------

const honk = Stepped.action("honk", { arguments: [Schema.String] }).step((how) => note(`honk ${how}`))
const towHome = Stepped.action("towHome", {
  success: Schema.String,
  job: (job) => Effect.andThen(note("tow home"), job.succeeded("home"))
}).after(({ status }) => note(`tow ${status}`))
const towLater = Stepped.action("towLater", {
  success: Schema.String,
  // counted where it survives whoever runs it
  job: (job) =>
    Effect.gen(function*() {
      yield* note("tow later")
      return yield* (yield* notesOf("tow later")) < 3 ? job.retry("10 minutes") : job.succeeded("at last")
    })
})
const towNowhere = Stepped.action("towNowhere", { error: NoRoad, job: () => Effect.fail(new NoRoad({ to: "sea" })) })
const towBack = Stepped.action("towBack", {
  success: Schema.String,
  job: (job) =>
    Effect.andThen(
      note("tow back"),
      // what it says there is taken back with the rest
      inTransaction(Effect.andThen(
        Effect.andThen(once("towed"), job.succeeded("here")),
        // a typed failure is made a defect by a ROLLBACK that fails: this is one anyway
        Effect.die(new Error("the road is closed"))
      ))
    )
})
const towSilently = Stepped.action("towSilently", { success: Schema.String, job: () => note("tow silently") })
const rescue = Stepped.action("rescue", { success: Schema.String }).step("tow", () => Step.do(towHome))

const refuse = Stepped.action("refuse", { error: NoRoad }).step("go", () => Effect.fail(new NoRoad({ to: "moon" })))
const trip = Stepped.action("trip").step("go", () => Step.do(refuse))
const stubborn = Stepped.action("stubborn").step("start", () =>
  Effect.gen(function*() {
    yield* note("start")
    if ((yield* notesOf("start")) < 3) return yield* Effect.die(new Error("it does not start"))
  }))
const broken = Stepped.action("broken").step("start", () => Effect.die(new Error("it never starts"))).after((
  { status }
) => note(`broken ${status}`))
const slow = Stepped.action("slow").step("drive", () => Effect.andThen(note("drive"), Effect.sleep("1500 millis")))
  .step("arrive", () => note("arrive"))

const book = Stepped.action("book", { success: Schema.Number })
  .step("pay", () => Effect.as(once("pay"), 1), { transactional: true })
  .step("parts", () => Effect.all([Step.do(honk, "paid"), Step.wait("1 minute")]), { transactional: true })
  .step("store", () => Effect.as(once("store"), 7), { transactional: true })
  .after(({ status }) => note(`book ${status}`))

const ask = Stepped.action("ask", { success: Schema.String, outbound: true }).step("send", () => note("ask")).after((
  { status }
) => note(`ask ${status}`))
const turn = Stepped.action("turn", { outbound: true, concurrencyKey: () => "turns" }).step("take", () => Effect.void)
const careful = Stepped.action("careful", { concurrencyKey: () => Effect.as(note("key"), "kept") })
  .before(() => note("before"))
  .step(() => note("careful"))
  .cancelled(() => note("careful cancelled"))
const question = Stepped.action("question", { success: Schema.String }).step("ask", () => Step.do(ask))

/** Fails until it has been tried so often, whoever tries it. */
const stumbles = (text: string, times: number, failure: Effect.Effect<never, unknown>) =>
  Effect.gen(function*() {
    yield* note(text)
    if ((yield* notesOf(text)) < times) return yield* failure
  })
const deliver = Stepped.action("deliver").step("drive", () => note("drive"))
  .succeeded(() => note("receipt"))
  .succeeded(() => stumbles("invoice", 3, Effect.die(new Error("no paper"))))
  .after(() => stumbles("archive", 2, Effect.fail(gone)))
const order = Stepped.action("order").step("deliver", () => Step.do(deliver))
const lose = Stepped.action("lose", { error: NoRoad }).step("go", () => Effect.fail(new NoRoad({ to: "sea" })))
  .failed(() => Effect.andThen(note("refund"), Effect.die(new Error("the bank is closed"))))
  .failed(() => note("apology"))
const stumble = Stepped.action("stumble", { outbound: true }).step("wait", () => Effect.void)
  .cancelled(() => stumbles("let go", 3, Effect.die(new Error("stuck"))))

const leaving = Stepped.action("leave")
const leave = leaving
  .step("pack", () => Effect.void)
  .step("go", () =>
    Effect.gen(function*() {
      yield* once("gone")
      yield* Step.do(honk, "never")
      // twice, one of them taken back
      yield* Effect.ignore(inTransaction(Effect.andThen(cancelOwn, Effect.fail("no"))))
      yield* inTransaction(cancelOwn)
    }), { transactional: true })
  .step("stay", () => note("never"))
  .after(({ status }) => note(`leave ${status}`))
const cancelOwn = Effect.gen(function*() {
  const handle = yield* Stepped.handle(Car.ref(1), leaving, (yield* Step).actionId)
  yield* Effect.orDie(handle.cancel())
})
const granting = Stepped.action("outboundGrant", { success: Schema.String, outbound: true })
const grant = granting.step("go", () =>
  Effect.gen(function*() {
    yield* once("granted")
    yield* Effect.orDie(Stepped.complete((yield* Step).actionId, granting, Stepped.Outcome.succeeded("granted")))
  }), { transactional: true })
const wish = Stepped.action("wish", { success: Schema.String }).step("ask", () => Step.do(grant))

const visit = Stepped.action("visit", { success: Schema.String })
  .step("pack", () => note("pack"))
  .step("honk", () => Effect.all([Step.do(honk, "here"), Step.on(Car.ref(2), honk, "there")]))
  .step("arrive", () => Effect.as(note("arrive"), "there"))
  .succeeded(() => note("arrived"))
const convoy = Stepped.action("convoy").step(
  "all",
  () => Effect.forEach(Array(60).keys(), (n) => Step.on(Car.ref(n), honk, `in a convoy`))
).step("end", () => Effect.void)

const report = Stepped.action("report", { success: Schema.String }).step(
  "write",
  () => Effect.map(Car, ({ id }) => String(id).repeat(80_000))
)
// in a lane of its own each, and together more than travels with an answer
const reports = Stepped.action("reports", { success: Schema.Int })
  .step("collect", () => Step.on([Car.ref(1), Car.ref(2), Car.ref(3)], report))
  .step("sum", ({ collect }) => Effect.as(note("sum"), collect.reduce((sum, text) => sum + text.length, 0)))
  .succeeded(() => note("summed"))

const Cars = Stepped.actions(Car, [
  report,
  reports,
  honk,
  towHome,
  towLater,
  towNowhere,
  towSilently,
  towBack,
  rescue,
  refuse,
  trip,
  stubborn,
  broken,
  slow,
  book,
  ask,
  turn,
  careful,
  question,
  leave,
  grant,
  wish,
  visit,
  convoy,
  deliver,
  order,
  lose,
  stumble
])
const vanHonk = Stepped.action("honk", { arguments: [Schema.String] }).step(
  "loudly",
  (how) => note(`honk loudly ${how}`)
)
const Vans = Cars.extend(Van, [vanHonk])

const notesOf = (text: string) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.map(
      Effect.orDie(sql<{ n: number }>`select count(*)::int as n from effects where entry = ${text}`),
      (rows) => rows[0]!.n
    ))

/** Whether user code ran once, as far as that can be: nothing that has ended runs again for what failed beside it. */
const ranOnce = (stage: Stage, text: string) =>
  Effect.map(
    stage.sql<{ n: number }>`select count(*)::int as n from effects where entry = ${text}`,
    ([row]) => stage.mayRepeat() || row!.n === 1 ? `${text} ran once` : `${text} ran ${row!.n} times`
  )

type Client = Effect.Success<typeof Cars.client>
const root = (
  action: AnyAction,
  call: (car: ReturnType<Client>) => Effect.Effect<unknown, unknown>,
  actor: ActorRef = Car.ref(1)
): Root => ({
  actor,
  action,
  invoke: Effect.flatMap(Cars.client, (client) => call(client(1))) as Root["invoke"]
})

/** Completes by name, once: a client that does not hear whether it did looks before it asks again. */
const completeOnce =
  (action: typeof ask | typeof turn | typeof towSilently, id: string, result: unknown) => (stage: Stage) =>
    Effect.gen(function*() {
      for (let attempt = 0; attempt < 10; attempt++) {
        const found = yield* stage.insist(Effect.flatMap(ActionRepo, (repo) => repo.find(id)))
        if (Option.isNone(found) || found.value.status !== "performing") return false
        const heard = yield* stage.ask(
          Stepped.complete(Car.ref(1), action, Stepped.Outcome.succeeded(result as never))
        )
        if (heard._tag === "Answer") return Option.isSome(heard.value)
      }
      return yield* Effect.die(new Error(`${action.name} cannot be completed`))
    })

const honks = (cars: ReadonlyArray<number>) => cars.map((n) => `Car/${n} honk succeeded 1 succeeded`)

// ---------------------------------------------------------------------------------------------------------------------
// programs
// ---------------------------------------------------------------------------------------------------------------------

export const programs: ReadonlyArray<Tree> = [
  program("3.7: a parent whose children's results are loaded in pieces", {
    layer: Cars.layer,
    play: simply(root(reports, (car) => car.reportsLater())),
    handles: ["240000"],
    actions: [
      "Car/1 report succeeded write succeeded",
      "Car/2 report succeeded write succeeded",
      "Car/3 report succeeded write succeeded",
      "Car/1 reports succeeded 1 collect succeeded, sum succeeded"
    ],
    notes: ["sum", "summed"]
  }),
  program("5.3: a job completes its action, a child", {
    layer: Cars.layer,
    play: simply(root(rescue, (car) => car.rescueLater())),
    handles: ["\"home\""],
    actions: ["Car/1 rescue succeeded tow succeeded", "Car/1 towHome succeeded 1 towHome succeeded"],
    notes: ["tow home", "tow succeeded"]
  }),
  program("5.3: a job runs itself again after a delay", {
    layer: Cars.layer,
    play: simply(root(towLater, (car) => car.towLaterLater())),
    handles: ["\"at last\""],
    actions: ["Car/1 towLater succeeded towLater succeeded"],
    notes: ["tow later"]
  }),
  program("5.3: a job that fails", {
    layer: Cars.layer,
    play: simply(root(towNowhere, (car) => car.towNowhereLater())),
    handles: ["NoRoad"],
    actions: ["Car/1 towNowhere failed towNowhere succeeded"],
    notes: []
  }),
  program("5.3: a job completes its action in a transaction that rolls back, and fails", {
    layer: Cars.layer,
    play: simply(root(towBack, (car) => car.towBackLater())),
    handles: ["ActionFailed"],
    actions: ["Car/1 towBack failed towBack succeeded"],
    notes: ["tow back"],
    ownTransactions: true
  }),
  program("5.3, 5.2: a job that ends without completing, completed by name", {
    layer: Cars.layer,
    play: (stage) =>
      Effect.gen(function*() {
        const of = root(towSilently, (car) => car.towSilentlyLater())
        const id = yield* invoke(stage, of)
        yield* stage.drain(completeOnce(towSilently, id, "quiet")(stage))
        return [yield* awaited(stage, of, id)]
      }),
    handles: ["\"quiet\""],
    actions: ["Car/1 towSilently succeeded towSilently succeeded"],
    notes: ["tow silently"]
  }),
  program("5.2: completing by name ends one, the next in the lane goes on", {
    layer: Cars.layer,
    play: (stage) =>
      Effect.gen(function*() {
        const first = root(turn, (car) => car.turnLater())
        const second: Root = {
          ...first,
          actor: Car.ref(2),
          invoke: Effect.flatMap(Cars.client, (client) => client(2).turnLater()) as Root["invoke"]
        }
        const one = yield* invoke(stage, first)
        yield* stage.idle
        const two = yield* invoke(stage, second)
        yield* stage.idle
        yield* completeOnce(turn, one, undefined)(stage)
        yield* stage.idle
        const live = yield* stage.insist(Effect.flatMap(ActionRepo, (repo) => repo.find(two)))
        const status = Option.isSome(live) ? live.value.status : "gone"
        yield* stage.insist(Stepped.complete(two, turn, Stepped.Outcome.failed()))
        yield* stage.idle
        return [status, yield* awaited(stage, first, one), yield* awaited(stage, second, two)]
      }),
    handles: ["performing", "nothing", "ActionFailed"],
    actions: ["Car/1 turn succeeded take succeeded", "Car/2 turn failed take succeeded"],
    notes: []
  }),
  program("5.2: completing in the program's transaction", {
    layer: Cars.layer,
    play: (stage) =>
      Effect.gen(function*() {
        const of = root(question, (car) => car.questionLater())
        const id = yield* invoke(stage, of)
        yield* stage.idle
        for (let told = false; !told;) {
          const heard = yield* stage.ask(inTransaction(Effect.andThen(
            once("told"),
            Stepped.complete(Car.ref(1), ask, Stepped.Outcome.succeeded("yes"))
          )))
          // whoever does not hear whether it was committed looks
          const rows = yield* stage.sql`select 1 from effects where entry = 'once: told'`
          told = heard._tag === "Answer" || rows.length > 0
        }
        yield* stage.drain(nobody)
        return [yield* awaited(stage, of, id)]
      }),
    handles: ["\"yes\""],
    actions: ["Car/1 question succeeded ask succeeded", "Car/1 ask succeeded 1 send succeeded"],
    notes: ["ask", "ask succeeded", "once: told"]
  }),
  program("6.1: prepended steps and added callbacks", {
    layer: Layer.mergeAll(
      Stepped.prependStep(Cars, visit, "check", () => note("prepended")),
      Stepped.after(Cars, visit, ["succeeded"], () => note("added"))
    ).pipe(Layer.provideMerge(Cars.layer)),
    play: simply(root(visit, (car) => car.visitLater())),
    handles: ["\"there\""],
    actions: [
      ...honks([1, 2]),
      "Car/1 visit succeeded 2 check succeeded, pack succeeded, honk succeeded, arrive succeeded"
    ],
    notes: ["prepended", "pack", "honk here", "honk there", "arrive", "arrived", "added"]
  }),
  program("6.2: an actor that extends another", {
    layer: Layer.provideMerge(Vans.layer, Cars.layer),
    play: simply({
      actor: Van.ref(1),
      action: visit,
      invoke: Effect.flatMap(Vans.client, (client) => client(1).visitLater())
    }),
    handles: ["\"there\""],
    actions: [
      ...honks([2]),
      "Van/1 honk succeeded loudly succeeded",
      "Van/1 visit succeeded 1 pack succeeded, honk succeeded, arrive succeeded"
    ],
    notes: ["pack", "honk loudly here", "honk there", "arrive", "arrived"]
  }),
  program("7.2: typed failures reach those who wait", {
    layer: Cars.layer,
    play: simply(root(trip, (car) => car.tripLater())),
    handles: ["ActionFailed"],
    actions: ["Car/1 refuse failed go failed", "Car/1 trip failed go failed"],
    notes: []
  }),
  program("7.2: an unhandled defect is tried again", {
    layer: Cars.layer,
    settings: { handledDefects: () => false, attempts: 9 },
    play: simply(root(stubborn, (car) => car.stubbornLater())),
    handles: ["nothing"],
    actions: ["Car/1 stubborn succeeded start succeeded"],
    notes: ["start"]
  }),
  program("7.2: an unhandled defect that stays", {
    layer: Cars.layer,
    settings: { handledDefects: () => false, attempts: 3 },
    play: simply(root(broken, (car) => car.brokenLater())),
    handles: ["ActionFailed"],
    actions: ["Car/1 broken failed 1 start failed"],
    notes: ["broken failed"]
  }),
  program("4.2: callbacks that fail are tried again, the others of them run once, and a parent waits", {
    layer: Cars.layer,
    settings: { handledDefects: () => false },
    play: (stage) =>
      Effect.gen(function*() {
        const of = root(order, (car) => car.orderLater())
        const id = yield* invoke(stage, of)
        yield* stage.drain(nobody)
        return [yield* awaited(stage, of, id), yield* ranOnce(stage, "receipt")]
      }),
    handles: ["nothing", "receipt ran once"],
    actions: ["Car/1 deliver succeeded 3 drive succeeded", "Car/1 order succeeded deliver succeeded"],
    notes: ["drive", "receipt", "invoice", "archive"]
  }),
  program("4.2: a callback that fails for ever counts as failed", {
    layer: Cars.layer,
    settings: { handledDefects: () => false, attempts: 4 },
    play: (stage) =>
      Effect.gen(function*() {
        const of = root(lose, (car) => car.loseLater())
        const id = yield* invoke(stage, of)
        yield* stage.drain(nobody)
        return [yield* awaited(stage, of, id), yield* ranOnce(stage, "apology")]
      }),
    handles: ["NoRoad", "apology ran once"],
    actions: ["Car/1 lose failed 1 failed: 1 go failed"],
    notes: ["refund", "apology"]
  }),
  program("4.2, 4.4: a callback of what was cancelled from outside is tried again, and nothing else ends it", {
    layer: Cars.layer,
    settings: { handledDefects: () => false },
    play: (stage) =>
      Effect.gen(function*() {
        const of = root(stumble, (car) => car.stumbleLater())
        const id = yield* invoke(stage, of)
        yield* stage.idle
        const cancel = Effect.flatMap(Stepped.handle(of.actor, stumble, id), (handle) => handle.cancel())
        yield* stage.insist(cancel)
        const again = yield* stage.insist(cancel)
        yield* stage.drain(nobody)
        return [String(again), yield* awaited(stage, of, id)]
      }),
    handles: ["false", "Cancelled"],
    actions: ["Car/1 stumble cancelled 1 wait succeeded"],
    notes: ["let go"]
  }),
  program("a body that takes longer than its lease", {
    layer: Cars.layer,
    settings: { lease: "1 second" },
    play: simply(root(slow, (car) => car.slowLater())),
    handles: ["nothing"],
    actions: ["Car/1 slow succeeded drive succeeded, arrive succeeded"],
    notes: ["drive", "arrive"]
  }),
  program("transactional steps, with children and waits, are committed once", {
    layer: Cars.layer,
    play: simply(root(book, (car) => car.bookLater())),
    handles: ["7"],
    actions: [...honks([1]), "Car/1 book succeeded 1 pay succeeded, parts succeeded, store succeeded"],
    notes: ["once: pay", "once: store", "honk paid", "book succeeded"]
  }),
  program("a transactional step cancels its own action, with callbacks", {
    layer: Cars.layer,
    play: simply(root(leave, (car) => car.leaveLater())),
    handles: ["Cancelled"],
    actions: ["Car/1 leave cancelled 1 pack succeeded, go cancelled"],
    notes: ["once: gone", "leave cancelled"]
  }),
  program("a transactional step completes its own action, a child", {
    layer: Cars.layer,
    play: simply(root(wish, (car) => car.wishLater())),
    handles: ["\"granted\""],
    actions: ["Car/1 outboundGrant succeeded go cancelled", "Car/1 wish succeeded ask succeeded"],
    notes: ["once: granted"]
  }),
  program("enqueueing in the program's transaction: with it, or not at all", {
    layer: Cars.layer,
    play: (stage) =>
      Effect.gen(function*() {
        const of = root(honk, (car) => inTransaction(Effect.andThen(once("booked"), car.honkLater("booked"))) as never)
        // what its caller rolls back nobody performs
        yield* stage.ask(Effect.flatMap(Cars.client, (client) =>
          Effect.flip(inTransaction(Effect.andThen(
            Effect.andThen(once("undone"), client(3).honkLater("undone")),
            Effect.fail("undo")
          )))))
        const id = yield* invoke(stage, of)
        yield* stage.drain(nobody)
        return [yield* awaited(stage, of, id)]
      }),
    handles: ["nothing"],
    actions: honks([1]),
    notes: ["once: booked", "honk booked"]
  }),
  program("4.1: cancelled in the transaction that enqueues it, before a worker can have it", {
    layer: Cars.layer,
    play: (stage) =>
      Effect.gen(function*() {
        const roots = [
          root(ask, (car) => car.askLater()),
          root(turn, (car) => car.turnLater()),
          root(careful, (car) => car.carefulLater())
        ]
        const [first] = roots
        const id = yield* invoke(stage, {
          ...first!,
          invoke: inTransaction(Effect.gen(function*() {
            const [handle] = yield* Effect.forEach(roots, (of) =>
              Effect.tap(of.invoke, (handle) =>
                Effect.flatMap(
                  Effect.all([handle.cancel(), handle.cancel()]),
                  (verdicts) => once(`${of.action.name} ${verdicts.join(" ")}`)
                )))
            return handle!
          })) as Root["invoke"]
        })
        const others = yield* Effect.forEach(roots.slice(1), (of) => storedOf(stage, of))
        yield* stage.drain(nobody)
        return yield* Effect.forEach(roots, (of, n) => awaited(stage, of, [id, ...others][n]!))
      }),
    handles: ["Cancelled", "Cancelled", "Cancelled"],
    actions: ["Car/1 ask cancelled 1", "Car/1 turn cancelled", "Car/1 careful cancelled 1"],
    notes: [
      ...["ask", "turn", "careful"].map((name) => `once: ${name} true false`),
      "ask cancelled",
      "careful cancelled"
    ]
  }),
  program("7.3: performed now, in the client's process", {
    layer: Cars.layer,
    play: simply(root(visit, (car) => car.visitNow())),
    handles: ["\"there\""],
    actions: [...honks([1, 2]), "Car/1 visit succeeded 1 pack succeeded, honk succeeded, arrive succeeded"],
    notes: ["pack", "honk here", "honk there", "arrive", "arrived"]
  }),
  program("7.3: performed now, after a job that was over before its own conclusion", {
    layer: Cars.layer,
    play: (stage) =>
      Effect.gen(function*() {
        const first = root(towHome, (car) => car.towHomeNow())
        const second = root(visit, (car) => car.visitNow())
        const ids = [yield* invoke(stage, first), yield* invoke(stage, second)] as const
        yield* stage.drain(nobody)
        return [yield* awaited(stage, first, ids[0]), yield* awaited(stage, second, ids[1])]
      }),
    handles: ["\"home\"", "\"there\""],
    actions: [
      ...honks([1, 2]),
      "Car/1 towHome succeeded 1 towHome succeeded",
      "Car/1 visit succeeded 1 pack succeeded, honk succeeded, arrive succeeded"
    ],
    notes: ["tow home", "tow succeeded", "pack", "honk here", "honk there", "arrive", "arrived"]
  }),
  program("7.3: performed now, outbound and cancelled", {
    layer: Cars.layer,
    play: (stage) =>
      Effect.gen(function*() {
        const of = root(ask, (car) => car.askNow())
        const id = yield* invoke(stage, of)
        yield* stage.idle
        yield* stage.insist(Effect.flatMap(Stepped.handle(of.actor, ask, id), (handle) => handle.cancel()))
        yield* stage.drain(nobody)
        return [yield* awaited(stage, of, id)]
      }),
    handles: ["Cancelled"],
    actions: ["Car/1 ask cancelled 1 send succeeded"],
    notes: ["ask", "ask cancelled"]
  }),
  program("7.4: drained by one process beside a worker", {
    layer: Cars.layer,
    play: (stage) =>
      Effect.gen(function*() {
        const of = root(book, (car) => car.bookLater())
        const id = yield* invoke(stage, of)
        for (let pass = 0; pass < 3; pass++) yield* stage.insist(performDue)
        yield* stage.drain(Effect.as(stage.insist(performDue), false))
        return [yield* awaited(stage, of, id)]
      }),
    handles: ["7"],
    actions: [...honks([1]), "Car/1 book succeeded 1 pay succeeded, parts succeeded, store succeeded"],
    notes: ["once: pay", "once: store", "honk paid", "book succeeded"]
  }),
  program("a convoy of sixty", {
    layer: Cars.layer,
    play: simply(root(convoy, (car) => car.convoyLater())),
    handles: ["nothing"],
    actions: [...honks([...Array(60).keys()]), "Car/1 convoy succeeded all succeeded, end succeeded"],
    notes: ["honk in a convoy"]
  })
]

/** Three actions for a worker that hears of them by notifications or not at all: of the first alone, of the others together. */
export const woken: Tree = program("notifications", {
  layer: Cars.layer,
  settings: { pollInterval: "1 minute", lease: "1 minute" },
  play: (stage) =>
    Effect.gen(function*() {
      const roots = [1, 2, 3].map((n): Root => ({
        actor: Car.ref(n),
        action: honk,
        invoke: Effect.flatMap(Cars.client, (client) => client(n).honkLater("here"))
      }))
      const ids: Array<string> = []
      for (const [n, root] of roots.entries()) {
        ids.push(yield* invoke(stage, root))
        if (n !== 1) yield* stage.drain(nobody)
      }
      return yield* Effect.forEach(roots, (root, n) => awaited(stage, root, ids[n]!))
    }),
  handles: ["nothing", "nothing", "nothing"],
  actions: honks([1, 2, 3]),
  notes: ["honk here"]
})
