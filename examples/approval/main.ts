/**
 * A report that somebody has to approve: by a form of an HTTP server, after a reminder if need be, and within a time.
 *
 * Approving is a signal. The report asks by mail, and waits; nobody is there yet, so it reminds, and waits once more; after that
 * it fails. The form of the mail sends the signal, and may be sent twice. The days of this program are two seconds.
 *
 * Run with `npm run example examples/approval/main.ts`.
 */
import { NodeHttpServer } from "@effect/platform-node"
import { Console, Context, Effect, Layer, Queue, Schema } from "effect"
import {
  FetchHttpClient,
  HttpClient,
  HttpClientRequest,
  HttpRouter,
  HttpServer,
  HttpServerRequest,
  HttpServerResponse
} from "effect/http"
import { createServer } from "node:http"
import { Step, Stepped } from "stepped"
import * as Embedded from "stepped/embedded"

const aDay = "2 seconds"

// #region action
class Mail extends Context.Service<Mail, {
  readonly send: (mail: { readonly text: string; readonly report: string }) => Effect.Effect<void>
}>()("Mail") {}

class Account extends Stepped.Actor<Account>()("Account", { id: Schema.Int }) {}

const approval = Stepped.signal("approval", {
  payload: Schema.Struct({ by: Schema.String, approved: Schema.Boolean })
})

const mail = Effect.fn("mail")(function*(text: string) {
  const { actionId } = yield* Step
  yield* (yield* Mail).send({ text, report: actionId })
})

const report = Stepped.action("report", {
  arguments: [Schema.String],
  success: Schema.String,
  signals: [approval]
})
  .step(
    "ask",
    Effect.fn(function*(month) {
      yield* mail(`approve ${month}, please`)
      // nobody within a day: the next step reminds
      return yield* Step.waitFor(approval, { timeout: aDay, optional: true })
    })
  )
  .step(
    "remind",
    Effect.fn(function*(month) {
      yield* mail(`${month} still waits for you`)
      // nobody within another one: the report fails
      return yield* Step.waitFor(approval, { timeout: aDay })
    }),
    { when: (_month, { ask }) => ask === undefined }
  )
  .step((_month, { ask, remind }) => {
    const answer = ask ?? remind
    return Effect.succeed(`${answer?.approved === true ? "approved" : "refused"} by ${answer?.by}`)
  })
// #endregion

const Accounts = Stepped.actions(Account, [report])

// -------------------------------------------------------------------------------------------------------------------
// the form
// -------------------------------------------------------------------------------------------------------------------

// #region form
const Form = Schema.Struct({
  report: Schema.String,
  /** Hidden in the form, another one in each: a form that is sent twice is one answer. */
  form: Schema.String,
  by: Schema.String,
  approved: Schema.Literals(["yes", "no"])
})

const ApprovalRoute = HttpRouter.add(
  "POST",
  "/approvals",
  Effect.gen(function*() {
    const { approved, by, form, report } = yield* HttpServerRequest.schemaBodyUrlParams(Form)
    const sent = yield* Stepped.send(report, approval, { by, approved: approved === "yes" }, { key: form })
    return sent === "none"
      ? HttpServerResponse.text("there is nothing to approve", { status: 410 })
      : HttpServerResponse.text("thank you")
  })
)
// #endregion

// -------------------------------------------------------------------------------------------------------------------
// the program
// -------------------------------------------------------------------------------------------------------------------

class Mails extends Context.Service<Mails, Queue.Queue<{ readonly text: string; readonly report: string }>>()("Mails") {
  static readonly layer = Layer.effect(Mails, Queue.unbounded<{ readonly text: string; readonly report: string }>())
}
const MailLive = Layer.effect(
  Mail,
  Effect.map(Mails, (mails) => ({ send: (one) => Effect.asVoid(Queue.offer(mails, one)) }))
)

/** Reads the next mail. */
const read = Effect.gen(function*() {
  const { report, text } = yield* Queue.take(yield* Mails)
  yield* Console.log(`mail: ${text}`)
  return report
})

/** Fills in the form of a report, and sends it. */
const answer = Effect.fn("answer")(function*(report: string, by: string, approved: "yes" | "no") {
  const { address } = yield* HttpServer.HttpServer
  const response = yield* HttpClientRequest.post(`${HttpServer.formatAddress(address)}/approvals`).pipe(
    HttpClientRequest.bodyUrlParams({ report, form: `${report} 1`, by, approved }),
    HttpClient.execute
  )
  yield* Console.log(`${by} answers: ${response.status} ${yield* response.text}`)
})

const Server = HttpRouter.serve(ApprovalRoute, { disableLogger: true, disableListenLog: true }).pipe(
  Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" }))
)

const Main = Stepped.worker().pipe(
  Layer.provide(Accounts.layer),
  Layer.provide(MailLive),
  Layer.provideMerge(Server),
  Layer.provideMerge(Layer.mergeAll(Embedded.layer(), Mails.layer, FetchHttpClient.layer))
)

const program = Effect.gen(function*() {
  const account = (yield* Accounts.client)(7)

  const may = yield* account.reportLater("May")
  yield* answer(yield* read, "Ada", "yes")
  yield* Console.log(`May: ${yield* may.await}`)

  const june = yield* account.reportLater("June")
  yield* read
  yield* answer(yield* read, "Bob", "no")
  yield* Console.log(`June: ${yield* june.await}`)

  const july = yield* account.reportLater("July")
  const late = yield* Effect.andThen(read, read)
  const error = yield* Effect.flip(july.await)
  yield* Console.log(`July: ${error.message}`)
  yield* answer(late, "Ada", "yes")
})

await Effect.runPromise(Effect.provide(program, Main))
