/** Programs under faults that are asked for under keys: whoever asks once more, since no answer came, asks for the same. */
import { Effect, Option, Schema } from "effect"
import { Stepped } from "stepped"
import { awaited, nobody, note, program, type Root } from "./Playing.ts"
import type { Stage, Tree } from "./Trial.ts"

class Till extends Stepped.Actor<Till>()("Till", { id: Schema.Int }) {}

const charge = Stepped.action("charge", { arguments: [Schema.Int], outbound: true, success: Schema.Int })
  .step("print", (cents) => note(`prints ${cents}`))
  .after((_cents, { status }) => note(`charge ${status}`))
const count = Stepped.action("count", { arguments: [Schema.Int], success: Schema.Int })
  .step((n) => Effect.as(note(`counts ${n}`), n))
const Tills = Stepped.actions(Till, [charge, count])
const till = Till.ref(1)

/** Under a key, as often as there is no answer: gives the action's id, or that it is a conflict. */
const enqueued = (stage: Stage, action: typeof charge | typeof count, cents: number) =>
  stage.insist(
    Stepped.with({ idempotencyKey: "one" }).enqueue(till, action as typeof count, cents).pipe(
      Effect.map(({ id }) => id),
      Effect.catchIf(({ reason }) => reason._tag === "IdempotencyConflict", () => Effect.succeed("conflict"))
    )
  )
const completed = (stage: Stage, id: string, result: number) =>
  stage.insist(
    Stepped.complete(id, charge, Stepped.Outcome.succeeded(result), { key: "paid" }).pipe(
      Effect.map((found) => Option.getOrElse(found, () => "nothing")),
      Effect.catchTag("CompletionConflict", () => Effect.succeed("conflict"))
    )
  )

const rootOf = (action: Root["action"]): Root => ({
  actor: till,
  action,
  invoke: Effect.die("it is invoked under a key")
})

export const keyPrograms: ReadonlyArray<Tree> = [
  program("14.1: enqueued under a key, before it has begun and after it has ended", {
    layer: Tills.layer,
    play: (stage) =>
      Effect.gen(function*() {
        const id = yield* enqueued(stage, count, 7)
        const again = yield* enqueued(stage, count, 7)
        const other = yield* enqueued(stage, count, 8)
        yield* stage.drain(nobody)
        const later = yield* enqueued(stage, count, 7)
        yield* stage.drain(nobody)
        return [String(again === id), other, String(later === id), yield* awaited(stage, rootOf(count), id)]
      }),
    handles: ["true", "conflict", "true", "7"],
    actions: ["Till/1 count succeeded 1 succeeded"],
    notes: ["counts 7"]
  }),
  program("12.1: completed under a key, again while its callbacks are to run, and after it has ended", {
    layer: Tills.layer,
    play: (stage) =>
      Effect.gen(function*() {
        const id = yield* enqueued(stage, charge, 7)
        yield* stage.idle
        const first = yield* completed(stage, id, 700)
        const again = yield* completed(stage, id, 700)
        const other = yield* completed(stage, id, 800)
        yield* stage.drain(nobody)
        const later = yield* completed(stage, id, 700)
        return [
          ...[first, again, later].map((answer) => String(answer === id)),
          other,
          yield* awaited(stage, rootOf(charge), id)
        ]
      }),
    handles: ["true", "true", "true", "conflict", "700"],
    actions: ["Till/1 charge succeeded 1 print succeeded"],
    notes: ["prints 7", "charge succeeded"]
  })
]
