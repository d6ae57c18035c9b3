/**
 * Mutual recursion over two actors: declare first, implement after.
 *
 * A ball goes back and forth between two players. Each return is an action of its own, enqueued by the one before, and
 * the results come back the same way. A declaration has no steps yet, so that both bodies can name both actions.
 *
 * Run with `npm run example examples/recursion/main.ts`.
 */
import { Console, Effect, Layer, Schema } from "effect"
import { Step, Stepped } from "stepped"
import * as Embedded from "stepped/embedded"

// #region recursion
class Pinger extends Stepped.Actor<Pinger>()("Pinger", { id: Schema.String }) {}
class Ponger extends Stepped.Actor<Ponger>()("Ponger", { id: Schema.String }) {}

const options = {
  arguments: [Schema.Int],
  success: Schema.Array(Schema.String),
  // the ball is in one lane after another: a lane of an ancestor would be a deadlock
  concurrencyKey: (left: number) => ["rally", left]
} as const
const pingDeclared = Stepped.action("ping", options)
const pongDeclared = Stepped.action("pong", options)

const ping = pingDeclared
  .step("returned", (left) => Step.on(left > 0 ? Ponger.ref("Bo") : null, pongDeclared, left - 1))
  .step((_left, { returned }) => Effect.succeed(["ping", ...returned.flat()]))

const pong = pongDeclared
  .step("returned", (left) => Step.on(left > 0 ? Pinger.ref("Ann") : null, pingDeclared, left - 1))
  .step((_left, { returned }) => Effect.succeed(["pong", ...returned.flat()]))

const Pingers = Stepped.actions(Pinger, [ping])
const Pongers = Stepped.actions(Ponger, [pong])
// #endregion

const Main = Stepped.worker().pipe(
  Layer.provide([Pingers.layer, Pongers.layer]),
  Layer.provideMerge(Embedded.layer({ depthLimit: 10 }))
)

const program = Effect.gen(function*() {
  const ann = (yield* Pingers.client)("Ann")
  yield* Console.log((yield* ann.ping(5)).join(" "))

  // a recursion that does not end in time ends at the limit, and the error says where
  const lost = yield* Effect.flip(ann.ping(20))
  yield* Console.log(lost.message.split(" › ").at(-1))
})

await Effect.runPromise(Effect.provide(program, Main))
