/**
 * Programs that are cancelled in the middle of a body, under faults: what a shielded one has done is known, and undone; one that is not is interrupted,
 * and mended. Nothing is undone before a point of no return, or where whoever cancels says so.
 */
import { Effect, Schema } from "effect"
import { Step, Stepped } from "stepped"
import { awaited, invoke, nobody, note, program, type Root, simply } from "./Playing.ts"
import type { Tree } from "./Trial.ts"

class Client extends Stepped.Actor<Client>()("Client", { id: Schema.Int }) {}

/** The body's own action, as by somebody else in that moment. */
const isCancelled = Effect.flatMap(Step, ({ actionId }) => Effect.orDie(Stepped.cancel(actionId, { reason: "rain" })))
const once = (text: string) => ({ run: () => note(`once: ${text}`), transactional: true })

const begin = Stepped.step("begin", () => Effect.void, { compensate: once("never") })
const sign = Stepped.step("sign", () => Effect.void, { pointOfNoReturn: true, compensate: once("never") })
const book = Stepped.step("book", () => Effect.void, { compensate: once("unbooks") })
const pay = Stepped.action("pay")
  .use(begin)
  .use(sign)
  .use(book)
  .step("pay", () => Effect.andThen(isCancelled, Effect.as(note("pays"), 3)), {
    shielded: true,
    timeout: "1 hour",
    compensate: { run: (cents) => note(`once: refunds ${cents}`), transactional: true }
  })
  .step("ship", () => note("never"))
  .after(({ status }) => note(`pay ${status}`))
const sail = Stepped.action("sail")
  .use(book)
  .step("sail", () => Effect.andThen(isCancelled, Effect.never), { compensateFailed: once("calls back") })
  .after(({ status }) => note(`sail ${status}`))
/** It is cancelled from outside, and what it has done stays. */
const berth = Stepped.action("berth", { outbound: true }).step("moor", () => Effect.void, {
  compensate: once("unmoors")
})
const stay = Stepped.action("stay")
  .use(begin)
  .step("berth", () => Effect.asVoid(Step.do(berth)), { unwind: true, compensateFailed: once("never") })
  .after(({ status }) => note(`stay ${status}`))
/** Some of them have begun, and one waits in the lane of another. */
const dock = Stepped.action("dock", { arguments: [Schema.Int], outbound: true, concurrencyKey: (n) => `dock ${n}` })
  .step("tie", (n) => Effect.as(note(`ties ${n}`), n), {
    compensate: { run: (n) => note(`once: unties ${n}`), transactional: true }
  })
  .after((n, { status }) => note(`dock ${n} ${status}`))
const harbour = Stepped.action("harbour")
  .step("docks", () => Effect.all([1, 2, 1].map((n) => Step.do(dock, n))))
  .after(({ status }) => note(`harbour ${status}`))
const Clients = Stepped.actions(Client, [pay, sail, berth, stay, dock, harbour])

const root = (action: Root["action"], call: "payLater" | "sailLater" | "stayLater" | "harbourLater"): Root => ({
  actor: Client.ref(1),
  action,
  invoke: Effect.flatMap(Clients.client, (clients) => clients(1)[call]())
})

export const closingPrograms: ReadonlyArray<Tree> = [
  program("9.13, 10.5: cancelled during a shielded body, whose step is undone, down to a point of no return", {
    layer: Clients.layer,
    play: simply(root(pay, "payLater")),
    handles: ["Cancelled"],
    actions: [
      "Client/1 pay cancelled 1 begin succeeded, sign succeeded, book succeeded, pay succeeded, pay succeeded, book succeeded"
    ],
    notes: ["once: refunds 3", "once: unbooks", "pay cancelled", "pays"]
  }),
  program("10.1, 10.3: cancelled during a body, which is interrupted and mended", {
    layer: Clients.layer,
    play: simply(root(sail, "sailLater")),
    handles: ["Cancelled"],
    actions: ["Client/1 sail cancelled 1 book succeeded, sail cancelled, sail succeeded, book succeeded"],
    notes: ["once: calls back", "once: unbooks", "sail cancelled"]
  }),
  program("13.1: cancelled without undoing while a child waits outside, which undoes what it has done itself", {
    layer: Clients.layer,
    play: (stage) =>
      Effect.gen(function*() {
        const of = root(stay, "stayLater")
        const id = yield* invoke(stage, of)
        yield* stage.idle
        yield* stage.insist(Stepped.cancel(id, { compensate: false }))
        yield* stage.drain(nobody)
        return [yield* awaited(stage, of, id)]
      }),
    handles: ["Cancelled"],
    actions: [
      "Client/1 berth cancelled moor succeeded, moor succeeded",
      "Client/1 stay cancelled 1 begin succeeded, berth cancelled"
    ],
    notes: ["once: unmoors", "stay cancelled"]
  }),
  program(
    "13.1: whatever an actor has of an action is cancelled by its name, what has begun and what waits, each once",
    {
      layer: Clients.layer,
      play: (stage) =>
        Effect.gen(function*() {
          const of = root(harbour, "harbourLater")
          const id = yield* invoke(stage, of)
          yield* stage.idle
          const cancels = stage.insist(Stepped.cancel(Client.ref(1), dock, { reason: "rain" }))
          yield* cancels
          yield* stage.idle
          // whoever asks again finds none of them
          const again = yield* cancels
          yield* stage.drain(nobody)
          return [JSON.stringify(again), yield* awaited(stage, of, id)]
        }),
      handles: [JSON.stringify({ cancelled: 0, hasMore: false }), "ActionFailed"],
      actions: [
        "Client/1 dock cancelled 1",
        "Client/1 dock cancelled 1 tie succeeded, tie succeeded",
        "Client/1 dock cancelled 1 tie succeeded, tie succeeded",
        "Client/1 harbour failed 1 docks failed"
      ],
      notes: [
        "ties 1",
        "ties 2",
        "once: unties 1",
        "once: unties 2",
        "dock 1 cancelled",
        "dock 2 cancelled",
        "harbour failed"
      ]
    }
  )
]
