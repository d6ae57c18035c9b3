/**
 * Reports that another system exports, which takes its time: it is given an address with a token, and reports the end there.
 *
 * A step orders the export over HTTP, and waits for a signal. The webhook of this program's own server takes what comes with the token: that the exporter is at
 * it, and how it ends. An export that fails, or of which nothing is heard for too long, is ordered anew, with another token, from where it had come to; what comes
 * with the old one is late.
 *
 * Run with `npm run example examples/export/main.ts`.
 */
import { NodeHttpServer } from "@effect/platform-node"
import { Console, Context, Effect, Layer, Option, Queue, Redacted, Schedule, Schema } from "effect"
import {
  FetchHttpClient,
  HttpClient,
  HttpClientRequest,
  HttpRouter,
  HttpServer,
  HttpServerRequest,
  HttpServerResponse
} from "effect/http"
import { randomBytes } from "node:crypto"
import { createServer } from "node:http"
import { ActionRepo, Step, Stepped } from "stepped"
import * as Embedded from "stepped/embedded"
import { ExporterAddress, Orders, reports, says } from "./exporter.ts"

// #region action
class ExportFailed extends Schema.TaggedError<ExportFailed>()("ExportFailed", { why: Schema.String }) {}

class Exporter extends Context.Service<Exporter, {
  /** The rows before these are exported already. */
  readonly start: (month: string, token: string, rows: number) => Effect.Effect<void>
}>()("Exporter") {}

class Account extends Stepped.Actor<Account>()("Account", { id: Schema.Int }) {}

const exported = Stepped.signal("exported", { payload: Schema.Struct({ url: Schema.String }), error: ExportFailed })

/** What it says of itself while it is at it. */
const Progress = Schema.Struct({ rows: Schema.Int })
const rowsOf = (details: unknown) =>
  Option.match(Schema.decodeUnknownOption(Progress)(details), { onNone: () => 0, onSome: ({ rows }) => rows })

const report = Stepped.action("report", {
  arguments: [Schema.String],
  success: Schema.String,
  error: ExportFailed,
  signals: [exported]
})
  .step(
    "export",
    Effect.fn(function*(month) {
      const token = yield* Step.token(exported, { expiresIn: "1 hour" })
      const { lastFailure } = yield* Step
      yield* (yield* Exporter).start(month, token, rowsOf(lastFailure?.details))
      return yield* Step.waitFor(exported, { timeout: "1 hour", heartbeatTimeout: "2 seconds" })
    }),
    // where it has failed, or nothing is heard of it: each attempt orders anew, with a token of its own
    { retry: Schedule.recurs(2) }
  )
  .step((_month, { export: file }) => Effect.succeed(file.url))
// #endregion

const Accounts = Stepped.actions(Account, [report])

// -------------------------------------------------------------------------------------------------------------------
// the webhook
// -------------------------------------------------------------------------------------------------------------------

// #region webhook
const End = Schema.Union([Schema.Struct({ url: Schema.String }), Schema.Struct({ error: Schema.String })])

const ReceiveRoute = HttpRouter.add(
  "POST",
  "/receive/:token",
  Effect.gen(function*() {
    const { token } = yield* HttpRouter.schemaPathParams(Schema.Struct({ token: Schema.String }))
    const end = yield* HttpServerRequest.schemaBodyJson(End)
    const received = yield* Stepped.receive(
      token,
      "url" in end
        ? Stepped.Outcome.succeeded(end)
        : Stepped.Outcome.failed({ _tag: "ExportFailed", why: end.error })
    )
    return HttpServerResponse.text(received, { status: received === "received" ? 200 : 410 })
  }).pipe(
    Effect.catchTags({
      InvalidToken: () => Effect.succeed(HttpServerResponse.text("not found", { status: 404 })),
      SignalConflict: () => Effect.succeed(HttpServerResponse.text("answered otherwise", { status: 409 }))
    })
  )
)

const AliveRoute = HttpRouter.add(
  "POST",
  "/receive/:token/alive",
  Effect.gen(function*() {
    const { token } = yield* HttpRouter.schemaPathParams(Schema.Struct({ token: Schema.String }))
    const heard = yield* Stepped.heartbeat({ token }, yield* HttpServerRequest.schemaBodyJson(Progress))
    // who is told that it is late may stop
    return HttpServerResponse.text(heard, { status: heard === "heard" ? 200 : 410 })
  }).pipe(
    Effect.catchTag("InvalidToken", () => Effect.succeed(HttpServerResponse.text("not found", { status: 404 })))
  )
)

// a token is longer than what a router takes for a part of a path, if nothing is said
const Server = HttpRouter.serve(Layer.merge(ReceiveRoute, AliveRoute), {
  routerConfig: { maxParamLength: 2000 },
  disableLogger: true,
  disableListenLog: true
}).pipe(
  Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" }))
)
// #endregion

// -------------------------------------------------------------------------------------------------------------------
// the program
// -------------------------------------------------------------------------------------------------------------------

// #region exporter
const ExporterLive = Layer.effect(
  Exporter,
  Effect.gen(function*() {
    const client = yield* HttpClient.HttpClient
    const exporter = yield* ExporterAddress
    const own = HttpServer.formatAddress((yield* HttpServer.HttpServer).address)
    return {
      start: (month, token, rows) =>
        HttpClientRequest.post(`${exporter}/exports`).pipe(
          HttpClientRequest.bodyJsonUnsafe({ month, rows, answer: `${own}/receive/${token}` }),
          client.execute,
          Effect.asVoid,
          Effect.orDie
        )
    }
  })
)

// in production from the environment, with Stepped.Tokens.layerConfig: what is signed before a restart comes back after it
const TokensLive = Stepped.Tokens.layer([
  { name: "1", secret: Redacted.make(randomBytes(32).toString("base64")) }
])
// #endregion

const Main = Stepped.worker().pipe(
  Layer.provide(Accounts.layer),
  Layer.provide(ExporterLive),
  Layer.provideMerge(Server),
  Layer.provideMerge(TokensLive),
  Layer.provideMerge(ExporterAddress.layer),
  Layer.provideMerge(Layer.mergeAll(Embedded.layer(), Orders.layer, FetchHttpClient.layer))
)

const order = Effect.gen(function*() {
  const order = yield* Queue.take(yield* Orders)
  yield* Console.log(`the exporter is to export ${order.month} from row ${order.rows} on`)
  return order
})

const program = Effect.gen(function*() {
  const account = (yield* Accounts.client)(7)

  // a webhook that is delivered twice
  const may = yield* account.reportLater("May")
  const one = yield* order
  yield* Console.log(`it has: ${yield* reports(one, { url: "/may.csv" })}`)
  yield* Console.log(`it says so again: ${yield* reports(one, { url: "/may.csv" })}`)
  yield* Console.log(`May is at ${yield* may.await}`)

  // an export that fails, and is ordered anew
  const june = yield* account.reportLater("June")
  const full = yield* order
  yield* Console.log(`it cannot: ${yield* reports(full, { error: "no disk" })}`)
  const two = yield* order
  yield* Console.log(`it thinks better of the first one: ${yield* reports(full, { url: "/june-1.csv" })}`)
  yield* Console.log(`somebody guesses: ${yield* reports({ ...two, answer: `${two.answer}A` }, { url: "/evil.csv" })}`)
  yield* Console.log(`it has: ${yield* reports(two, { url: "/june.csv" })}`)
  yield* Console.log(`June is at ${yield* june.await}`)

  // an export that is under way, of which nothing is heard any more: another one goes on from there
  const july = yield* account.reportLater("July")
  const slow = yield* order
  yield* Console.log(`it is at it: ${yield* says(slow, { rows: 200 })}`)
  const [slot] = yield* (yield* ActionRepo).slots(july.id)
  yield* Console.log(`July has ${rowsOf(slot?.heartbeat?.details)} rows so far`)
  const three = yield* order
  yield* Console.log(`it wakes up: ${yield* says(slow, { rows: 300 })}`)
  yield* Console.log(`it has the first one at last: ${yield* reports(slow, { url: "/july-1.csv" })}`)
  yield* Console.log(`it has: ${yield* reports(three, { url: "/july.csv" })}`)
  yield* Console.log(`July is at ${yield* july.await}`)
})

await Effect.runPromise(Effect.provide(program, Main))
