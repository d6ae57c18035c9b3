/** Programs under faults for what a step does once: whoever goes on with it is given what was stored, and nothing else. */
import { Effect, Schedule, Schema } from "effect"
import { randomUUID } from "node:crypto"
import { Step, Stepped } from "stepped"
import { awaited, invoke, nobody, note, program, type Root } from "./Playing.ts"
import type { Stage, Tree } from "./Trial.ts"

class Shop extends Stepped.Actor<Shop>()("Shop", { id: Schema.Int }) {}

/** What bodies were given, by their actions: the first of it. */
const given = new Map<string, string>()

/** Something that is never the same when it is done again. */
const onceAnything = (name: string) =>
  Effect.gen(function*() {
    const { actionId } = yield* Step
    const value = yield* Step.once(name, Effect.sync(() => randomUUID()))
    const first = given.get(`${actionId} ${name}`) ?? value
    given.set(`${actionId} ${name}`, first)
    yield* note(`${name} is ${first === value ? "the same" : "another"}`)
  })

const ship = Stepped.action("ship").step("go", () => note("ships"))
const pay = Stepped.action("pay")
  .step(
    "charge",
    Effect.fn(function*() {
      const { attemptNumber } = yield* Step
      yield* onceAnything("receipt")
      yield* Effect.all([onceAnything("mail"), onceAnything("stock")], { concurrency: "unbounded" })
      if (attemptNumber === 1) return yield* Effect.die(new Error("not yet"))
      yield* Step.do(ship)
    }),
    { retry: Schedule.recurs(1) }
  )
  .step("then", () => onceAnything("receipt of its own"))
const sell = Stepped.action("sell").step("only", () => onceAnything("receipt"))
const Shops = Stepped.actions(Shop, [ship, pay, sell])

const memosLeft = ({ sql }: Stage) =>
  Effect.map(
    sql<{ n: number }>`select count(*)::int as n from stepped.memos`,
    ([row]) => `${row!.n} memos are left`
  )

const root = (action: Root["action"], call: (shop: any) => Effect.Effect<unknown, unknown>): Root => ({
  actor: Shop.ref(1),
  action,
  invoke: Effect.flatMap(Shops.client, (client) => call(client(1))) as Root["invoke"]
})

export const memoPrograms: ReadonlyArray<Tree> = [
  program("9.10: what steps do once, beside each other, with attempts and children", {
    layer: Shops.layer,
    play: (stage) =>
      Effect.gen(function*() {
        const roots = [root(pay, (shop) => shop.payLater()), root(sell, (shop) => shop.sellLater())]
        const ids: Array<string> = []
        for (const one of roots) ids.push(yield* invoke(stage, one))
        yield* stage.drain(nobody)
        const handles = yield* Effect.forEach(roots, (one, n) => awaited(stage, one, ids[n]!))
        return [...handles, yield* memosLeft(stage)]
      }),
    handles: ["nothing", "nothing", "0 memos are left"],
    actions: [
      "Shop/1 pay succeeded charge succeeded, then succeeded",
      "Shop/1 sell succeeded only succeeded",
      "Shop/1 ship succeeded go succeeded"
    ],
    notes: ["receipt is the same", "mail is the same", "stock is the same", "receipt of its own is the same", "ships"]
  })
]
