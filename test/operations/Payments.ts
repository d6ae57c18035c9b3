/** Payments that a system outside reports the end of, and who reports it: tests, and processes that die at it. */
import { Effect, Layer, Redacted, Schema } from "effect"
import { type Engine, Step, Stepped } from "stepped"

export class Shop extends Stepped.Actor<Shop>()("Shop", { id: Schema.Int }) {}
export const paid = Stepped.signal("paid", { payload: Schema.Int })

/** What this process has done, and the tokens that it has given away. */
export const done: Array<string> = []
const note = (what: string) => Effect.sync(() => void done.push(what))
export const given = new Map<string, string>()
const give = (what: string, token: string) => Effect.sync(() => void given.set(what, token))

/** Is completed from outside; those of a shop one after another. */
export const charge = Stepped.action("charge", { success: Schema.Int, outbound: true })
  .step("ask", () => Effect.flatMap(Step.token("complete"), (token) => give("charge", token)))
  .succeeded(() => note("charged"))

/** Waits for what a signal brings, and for how many more of it there are. */
export const order = Stepped.action("order", { success: Schema.Tuple([Schema.Int, Schema.Int]), signals: [paid] })
  .step("ask", () =>
    Effect.andThen(
      Effect.flatMap(Step.token(paid), (token) => give("order", token)),
      Step.waitFor(paid)
    ))
  .step("rest", () => Effect.map(Step.received(paid), (all) => all.length))
  .step(({ ask, rest }) => Effect.as(note("ordered"), [ask, rest] as const))

export const Shops = Stepped.actions(Shop, [charge, order])

export const Keys = Layer.orDie(
  Stepped.Tokens.layer([{ name: "a", secret: Redacted.make("0123456789abcdef0123456789abcdef") }])
)

export type Reported = "charge under a key" | "charge by its token" | "order by its token"

/** What somebody outside reports, as often as it takes until there is an answer. */
export const report = (
  what: Reported,
  token: string,
  result = 7
): Effect.Effect<unknown, unknown, Engine | Stepped.Tokens> =>
  what === "charge under a key"
    ? Stepped.complete(Shop.ref(1), charge, Stepped.Outcome.succeeded(result), { key: "event 1" })
    : Stepped.receive(token, Stepped.Outcome.succeeded(result))
