/** Programs under faults that are retried after they have failed: what goes on is one action, and does what is left, whoever dies. */
import { Effect, Schema } from "effect"
import { ActionRepo, type RetryOptions, type RetryResult, Step, Stepped } from "stepped"
import { awaited, invoke, nobody, note, program, type Root } from "./Playing.ts"
import type { Stage, Tree } from "./Trial.ts"

class Broken extends Schema.TaggedError<Broken>()("Broken", {}) {}
class Shop extends Stepped.Actor<Shop>()("Shop", { id: Schema.Int }) {}

/** Notes what it does, and fails unless it goes on for another action. */
const firstFails = (name: string) =>
  Effect.gen(function*() {
    const { actionId, idempotencyKey } = yield* Step
    const isFirst = idempotencyKey.startsWith(actionId)
    yield* note(`${name}${isFirst ? "" : " again"}, ${idempotencyKey.split("/").slice(1).join("/")}`)
    if (isFirst) return yield* new Broken()
  })

const look = Stepped.action("look", {
  arguments: [Schema.Int],
  success: Schema.Int,
  error: Broken,
  concurrencyKey: (n) => `look ${n}`
})
  .step("first", (n) => note(`first ${n}`))
  .step("then", (n) => n === 2 ? firstFails("then 2") : note(`then ${n}`))
  .step((n) => Effect.succeed(n))
const all = Stepped.action("all", { success: Schema.Int, error: Broken })
  .step("begin", () => Step.do(look, 0))
  .step("each", () => Effect.andThen(note("each"), Effect.forEach([1, 2, 3], (n) => Step.do(look, n))))
  .step(({ begin, each }) => Effect.succeed(each.reduce((sum, n) => sum + n, begin)))
  .after(({ status }) => note(`all ${status}`))
const trip = Stepped.action("trip", { success: Schema.String, error: Broken })
  .step("plan", () => note("plan"))
  .step("hotel", () => Effect.andThen(note("hotel"), Step.do(look, 1)), { compensate: () => note("no hotel") })
  .step("card", () => Effect.andThen(Step.once("once", note("asks")), firstFails("card")))
  .step(() => Effect.succeed("booked"))
const Shops = Stepped.actions(Shop, [look, all, trip])

const root = (action: Root["action"], call: (shop: any) => Effect.Effect<unknown, unknown>): Root => ({
  actor: Shop.ref(1),
  action,
  invoke: Effect.flatMap(Shops.client, (client) => call(client(1))) as Root["invoke"]
})

/** Asks until there is an answer, which says in the end which one goes on. */
const retried = (stage: Stage, id: string, options?: RetryOptions) =>
  Effect.flatMap(
    stage.insist(Effect.flatMap(ActionRepo, (repo) => repo.retry(id, options)) as Effect.Effect<RetryResult, unknown>),
    (verb) =>
      verb._tag === "Retried" || verb._tag === "AlreadyRetried"
        ? Effect.succeed(verb.id)
        : Effect.die(new Error(JSON.stringify(verb)))
  )

const chains = ({ sql }: Stage) =>
  Effect.map(
    sql<{ n: number; all: number }>`select count(*)::int as n, (select count(*)::int from stepped.retries) as "all"
      from stepped.actions where retry_of is not null`,
    ([row]) => `${row!.n} of ${row!.all} go on for others`
  )

/** Performs, retries, and performs again. */
const twice = (one: Root) => (stage: Stage) =>
  Effect.gen(function*() {
    const id = yield* invoke(stage, one)
    yield* stage.drain(nobody)
    const first = yield* awaited(stage, one, id)
    const next = yield* retried(stage, id)
    yield* stage.drain(nobody)
    return [first, yield* awaited(stage, one, next), yield* chains(stage)]
  })

const looks = () => "Shop/1 look succeeded first succeeded, then succeeded, 3 succeeded"

export const retryPrograms: ReadonlyArray<Tree> = [
  program("18.1: children that have failed are retried, and the others are not done again", {
    layer: Shops.layer,
    play: twice(root(all, (shop) => shop.allLater())),
    handles: ["ActionFailed", "6", "2 of 2 go on for others"],
    actions: [
      "Shop/1 all failed 1 begin succeeded, each failed",
      "Shop/1 all succeeded 1 begin succeeded, each succeeded, 3 succeeded",
      "Shop/1 look failed first succeeded, then failed",
      ...[0, 1, 2, 3].map(looks)
    ],
    notes: [
      "each",
      "all failed",
      "all succeeded",
      ...[0, 1, 2, 3].map((n) => `first ${n}`),
      ...[0, 1, 3].map((n) => `then ${n}`),
      "then 2, then/0",
      "then 2 again, then/0"
    ]
  }),
  program("18.1: with those above it, by one who asks for the child", {
    layer: Shops.layer,
    play: (stage) =>
      Effect.gen(function*() {
        const one = root(all, (shop) => shop.allLater())
        const id = yield* invoke(stage, one)
        yield* stage.drain(nobody)
        const [child] = yield* stage.sql<{ id: string }>`
          select id from stepped.ended_actions where parent = ${id} and status = 5`
        const next = yield* retried(stage, child!.id, { upwards: true })
        yield* stage.drain(nobody)
        return [yield* awaited(stage, one, next), yield* chains(stage)]
      }),
    handles: ["6", "2 of 2 go on for others"],
    actions: [
      "Shop/1 all failed 1 begin succeeded, each failed",
      "Shop/1 all succeeded 1 begin succeeded, each succeeded, 3 succeeded",
      "Shop/1 look failed first succeeded, then failed",
      ...[0, 1, 2, 3].map(looks)
    ],
    notes: [
      "each",
      "all failed",
      "all succeeded",
      ...[0, 1, 2, 3].map((n) => `first ${n}`),
      ...[0, 1, 3].map((n) => `then ${n}`),
      "then 2, then/0",
      "then 2 again, then/0"
    ]
  }),
  program("18.1: from the first step that was compensated, with what was done once", {
    layer: Shops.layer,
    play: twice(root(trip, (shop) => shop.tripLater())),
    handles: ["Broken", "\"booked\"", "1 of 1 go on for others"],
    actions: [
      "Shop/1 trip failed plan succeeded, hotel succeeded, card failed, hotel succeeded",
      "Shop/1 trip succeeded plan succeeded, hotel succeeded, card succeeded, 4 succeeded",
      ...[1, 1].map(looks)
    ],
    notes: ["plan", "hotel", "no hotel", "asks", "first 1", "then 1", "card, card/0", "card again, card/0"]
  })
]
