/** The agent: a worker, the services of its tools, and whoever approves. Started by `main.ts`, and again when it has died. */
import { Config, Console, Context, Effect, Layer, Queue, References } from "effect"
import { Prompt } from "effect/ai"
import { Stepped } from "stepped"
import * as Embedded from "stepped/embedded"
import { approval, Bank, Busy, Ledger, Mail, OrderActions, Orders, Turns } from "./definitions.ts"
import { ModelLive } from "./model.ts"

// -------------------------------------------------------------------------------------------------------------------
// the services
// -------------------------------------------------------------------------------------------------------------------

const OrdersLive = Layer.effect(
  Orders,
  Effect.sync(() => {
    let looked = 0
    return {
      find: (order) =>
        looked++ === 0
          ? Effect.andThen(Console.log("  orders: busy"), new Busy())
          : Effect.as(Console.log(`  orders: ${order} is a kite for 42`), "a kite for 42, delivered")
    }
  })
)

const BankLive = Layer.succeed(Bank, { pay: ({ cents }) => Console.log(`  bank: ${cents / 100} for the customer`) })

/** The answer is there and stored, and this process dies before it is booked. */
const LedgerLive = Layer.effect(
  Ledger,
  Effect.map(Config.Boolean("CRASHES"), (crashes) => ({
    book: ({ tokens }) =>
      crashes
        ? Effect.sync(() => process.kill(process.pid, "SIGKILL"))
        : Console.log(`  ledger: ${tokens} tokens`)
  }))
)

class Mails extends Context.Service<Mails, Queue.Queue<{ readonly text: string; readonly refund: string }>>()("Mails") {
  static readonly layer = Layer.effect(Mails, Queue.unbounded<{ readonly text: string; readonly refund: string }>())
}
const MailLive = Layer.effect(
  Mail,
  Effect.map(Mails, (mails) => ({
    ask: (question) => Effect.asVoid(Queue.offer(mails, question))
  }))
)

// -------------------------------------------------------------------------------------------------------------------
// the program
// -------------------------------------------------------------------------------------------------------------------

const Main = Stepped.worker().pipe(
  Layer.provide([Turns.layer, OrderActions.layer]),
  Layer.provide(Layer.mergeAll(ModelLive, OrdersLive, BankLive, LedgerLive, MailLive)),
  Layer.provideMerge(Mails.layer),
  Layer.provideMerge(Layer.unwrap(Effect.map(Config.String("STATE"), (dataDir) => Embedded.layer({ dataDir }))))
)

/** Approves what is asked. */
const person = Effect.gen(function*() {
  const { refund, text } = yield* Queue.take(yield* Mails)
  yield* Console.log(`  mail to Ada: ${text} She approves.`)
  yield* Stepped.send(refund, approval, { by: "Ada", approved: true }, { key: refund })
})

// #region ask
const program = Effect.gen(function*() {
  const turns = yield* Turns.client
  // the same customer, the same question: the second call gets the handle of what is under way
  const asking = turns("case 1").with({ idempotencyKey: "case 1" })
  const handle = yield* asking.turnLater(Prompt.make("The kite of order 7 came broken."))
  yield* Effect.forkChild(person)
  yield* Console.log(`the customer is told: ${yield* handle.await}`)
})
// #endregion

await Effect.runPromise(
  program.pipe(Effect.provide(Main), Effect.provideService(References.MinimumLogLevel, "Error"))
)
