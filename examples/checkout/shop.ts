/**
 * The shop: a worker, the webhook of its carrier, and one customer. Started by `main.ts`, and again if it dies.
 *
 * With an order it begins a checkout; without one it waits for those that are under way, which its worker has taken up by
 * itself.
 */
import { NodeHttpServer } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { Config, Console, Effect, Exit, Layer, Option, References, Schema } from "effect"
import { FetchHttpClient, HttpServer, HttpServerRequest, HttpServerResponse } from "effect/http"
import type { SqlError } from "effect/sql/SqlError"
import { createServer } from "node:http"
import { ActionRepo, Stepped, type StepRecord } from "stepped"
import * as Embedded from "stepped/embedded"
import { Bank, checkout, Customer, handOver, Order, wrapAsGift } from "./definitions.ts"
import { BankLive, CallbackUrl, CarrierLive, StockLive } from "./services.ts"

const Checkouts = Stepped.actions(Customer, [checkout, handOver, wrapAsGift])

// -------------------------------------------------------------------------------------------------------------------
// the carrier's webhook
// -------------------------------------------------------------------------------------------------------------------

// #region webhook
const Collected = Schema.Struct({ reference: Schema.String, parcel: Schema.String })

const collected = Effect.gen(function*() {
  const { parcel, reference } = yield* HttpServerRequest.schemaBodyJson(Collected)
  const completed = yield* Stepped.complete(reference, handOver, Stepped.Outcome.succeeded(parcel))
  return HttpServerResponse.text(Option.isSome(completed) ? "thank you" : "we know")
})
// #endregion

const Webhook = Layer.effect(
  CallbackUrl,
  Effect.map(HttpServer.HttpServer, ({ address }) => HttpServer.formatAddress(address))
).pipe(
  Layer.merge(HttpServer.serve(collected)),
  Layer.provide(
    NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0, gracefulShutdownTimeout: "500 millis" })
  )
)

// -------------------------------------------------------------------------------------------------------------------
// the worst moment
// -------------------------------------------------------------------------------------------------------------------

/** The bank has the money, and this process dies before it has written that down. */
const BankOfACrash = Layer.effect(
  Bank,
  Effect.gen(function*() {
    const bank = yield* Bank
    const die = Effect.sync(() => process.kill(process.pid, "SIGKILL"))
    return { ...bank, charge: (order: Order) => Effect.tap(bank.charge(order), () => die) }
  })
).pipe(Layer.provide(BankLive))

const BankOfToday = Layer.unwrap(
  Effect.map(Config.Boolean("CRASHES"), (crashes) => crashes ? BankOfACrash : BankLive)
)

// -------------------------------------------------------------------------------------------------------------------
// the program
// -------------------------------------------------------------------------------------------------------------------

const EngineLive = Layer.unwrap(Effect.gen(function*() {
  const url = Option.getOrUndefined(yield* Config.option(Config.Redacted("DATABASE_URL")))
  const engine: Layer.Layer<Stepped.Services, EngineError> = url === undefined
    ? Embedded.layer({ dataDir: yield* Config.String("STATE") })
    : Layer.provide(Stepped.layer({ migrate: true, lease: "5 seconds" }), PgClient.layer({ url }))
  return engine
}))

type EngineError = Stepped.LayerError | Embedded.EmbeddedDatabaseError | SqlError

const Main = Stepped.worker({ gracePeriod: "1 second" }).pipe(
  Layer.provide(Checkouts.layer),
  Layer.provide(Layer.mergeAll(BankOfToday, StockLive, CarrierLive)),
  Layer.provide(Webhook),
  Layer.provideMerge(Layer.mergeAll(EngineLive, FetchHttpClient.layer))
)

const underWay = Effect.gen(function*() {
  const { list } = yield* ActionRepo
  const roots = yield* list({ actorType: "Customer", roots: true, statuses: ["queued", "pending", "performing"] })
  return yield* Effect.forEach(roots, ({ actorId, id }) => Stepped.handle(Customer.ref(actorId), checkout, id))
})

const begun = (order: string) =>
  Effect.gen(function*() {
    const customers = yield* Checkouts.client
    return [
      yield* customers("ann").checkoutLater(yield* Schema.decodeUnknownEffect(Schema.fromJsonString(Order))(order))
    ]
  })

const linesOf = ({ attempts, kind, name, status }: StepRecord): ReadonlyArray<string> => [
  `  ${kind === "compensation" ? "undoing " : ""}${name}: ${status}`,
  ...attempts.flatMap(({ failure, number }) =>
    failure === undefined ? [] : [`    attempt ${number}: ${failure.message}`]
  )
]

const program = Effect.gen(function*() {
  const order = yield* Config.option(Config.String("ORDER"))
  for (const handle of Option.isSome(order) ? yield* begun(order.value) : yield* underWay) {
    const exit = yield* Effect.exit(handle.await)
    yield* Console.log(
      Exit.match(exit, {
        onSuccess: (receipt) => `the checkout has succeeded: ${JSON.stringify(receipt)}`,
        onFailure: () => "the checkout has failed"
      })
    )
    const repo = yield* ActionRepo
    const record = Option.getOrThrow(yield* repo.find(handle.id))
    if (record.cause !== undefined) yield* Console.log(`  ${record.cause.path}: ${record.cause.message}`)
    for (const step of yield* repo.steps(handle.id)) for (const line of linesOf(step)) yield* Console.log(line)
  }
})

await Effect.runPromise(
  program.pipe(Effect.provide(Main), Effect.provideService(References.MinimumLogLevel, "Error"))
)
