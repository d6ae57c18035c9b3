/**
 * A shop's report by the clock of its town, and reminders that customers set themselves, as rows in the shop's own transaction.
 *
 * Run with `npm run example examples/schedules/main.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { Console, Context, Effect, Layer, Queue, Schedule, Schema } from "effect"
import { Schedules, Stepped } from "stepped"
import * as Embedded from "stepped/embedded"

/** What the actions of this program say. */
class Said extends Context.Service<Said, Queue.Queue<string>>()("Said") {
  static readonly say = (text: string) => Effect.flatMap(Said, (queue) => Queue.offer(queue, text))
}

// #region actions
class Shop extends Stepped.Actor<Shop>()("Shop", { id: Schema.Int }) {}
class Customer extends Stepped.Actor<Customer>()("Customer", { id: Schema.Int }) {}

/** One after another: what is still at it when the next one comes keeps that waiting. */
const desk = Stepped.lane("desk", { whenBusy: "line" })

const report = Stepped.action("report", {
  arguments: [Schema.String],
  concurrency: () => desk("reports")
}).step("write", (kind) => Said.say(`the ${kind} report is written`))

const remind = Stepped.action("remind", { arguments: [Schema.String] })
  .step("remind", (text) => Effect.flatMap(Customer, ({ id }) => Said.say(`customer ${id}: ${text}`)))

const Shops = Stepped.actions(Shop, [report])
const Customers = Stepped.actions(Customer, [remind])
// #endregion

// #region declared
const Nightly = Stepped.schedule("nightly-report", {
  cron: "30 2 * * *",
  zone: "Europe/Berlin",
  actions: Shops,
  actor: 1,
  action: report,
  args: ["daily"]
})
// #endregion

// #region row
/** Stores what a customer wants to be told, and when, with one commit. */
const setReminder = Effect.fn(function*(customer: number, at: Date, text: string) {
  const sql = yield* PgClient.PgClient
  const schedules = yield* Schedules
  yield* sql.withTransaction(Effect.gen(function*() {
    yield* sql`insert into reminders (customer, text) values (${customer}, ${text})`
    yield* schedules.put(`reminder/${customer}`, {
      at,
      actions: Customers,
      actor: customer,
      action: remind,
      args: [text]
    })
  }))
})
// #endregion

const Main = Stepped.worker().pipe(
  Layer.provide(Nightly),
  Layer.provide(Shops.layer),
  Layer.provide(Customers.layer),
  Layer.provideMerge(Layer.effect(Said, Queue.unbounded<string>())),
  Layer.provideMerge(Embedded.layer())
)

const program = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const schedules = yield* Schedules
  const said = yield* Said
  yield* sql`create table reminders (customer int, text text)`

  yield* setReminder(7, new Date(Date.now() + 500), "water the plants")
  yield* Console.log(yield* Queue.take(said))
  yield* Console.log(`that was the only time: it is ${(yield* schedules.find("reminder/7")).state}`)

  // a worker says some seconds after its start what its program declares
  const { state } = yield* Effect.retry(schedules.find("nightly-report"), Schedule.spaced("100 millis"))
  yield* Console.log(`the nightly report is ${state}`)

  // #region operated
  // three nights, in one of which Berlin's clock jumps from two to three
  const asked = { by: "ada", reason: "the books of March are gone" }
  const range = { from: new Date("2025-03-29T00:00:00Z"), to: new Date("2025-03-31T12:00:00Z") }
  const { enqueued } = yield* schedules.backfill("nightly-report", range, asked)
  // #endregion
  for (const { slot } of (yield* schedules.history("nightly-report")).toReversed()) {
    yield* Console.log(`the night of ${slot.toISOString()}`)
  }
  for (const _ of enqueued) yield* Console.log(yield* Queue.take(said))
  const again = yield* schedules.backfill("nightly-report", range, asked)
  yield* Console.log(`asked for again: ${again.enqueued.length} more, ${again.before} were there`)

  yield* schedules.pause("nightly-report", { by: "ada", reason: "nobody reads it in August" })
  yield* Console.log(`by now it is ${(yield* schedules.find("nightly-report")).state}`)
})

await Effect.runPromise(Effect.provide(program, Main))
