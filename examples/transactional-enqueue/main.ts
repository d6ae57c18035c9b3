/**
 * Actions and the program's own tables in one transaction.
 *
 * 1. An order and the action that confirms it are written by one `sql.withTransaction`: both are there or neither is.
 * 2. A transactional step books the payment: its SQL commits with the step. The first attempt dies after its `update`,
 *    which is rolled back; the second one books, so that the money is taken once.
 *
 * Run with `npm run example examples/transactional-enqueue/main.ts`.
 */
import { Console, Effect, Layer, Schedule, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { Stepped } from "stepped"
import * as Embedded from "stepped/embedded"

class Order extends Stepped.Actor<Order>()("Order", { id: Schema.Int }) {}

let attempts = 0

// #region step
const confirm = Stepped.action("confirm", { arguments: [Schema.Int] })
  .step(
    "book",
    Effect.fn(function*(amount) {
      const sql = yield* SqlClient.SqlClient
      yield* sql`update accounts set balance = balance - ${amount} where owner = 'Ann'`
      attempts++
      if (attempts === 1) return yield* Effect.die("the process fell over")
    }),
    { transactional: true }
  )
// #endregion

const Orders = Stepped.actions(Order, [confirm])

const Main = Stepped.worker().pipe(
  Layer.provide(Orders.layer),
  Layer.provideMerge(Embedded.layer({ handledDefects: () => false, retry: Schedule.spaced("50 millis") }))
)

// #region enqueue
const place = Effect.fn("place")(function*(id: number, amount: number) {
  const sql = yield* SqlClient.SqlClient
  const order = (yield* Orders.client)(id)
  return yield* sql.withTransaction(Effect.gen(function*() {
    yield* sql`insert into orders (id, amount) values (${id}, ${amount})`
    const handle = yield* order.confirmLater(amount)
    if (amount > 100) return yield* Effect.fail("too expensive" as const)
    return handle
  }))
})
// #endregion

const program = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`create table orders (id int primary key, amount int not null)`
  yield* sql`create table accounts (owner text primary key, balance int not null)`
  yield* sql`insert into accounts values ('Ann', 100)`

  const confirmed = yield* place(1, 30)
  yield* confirmed.await
  const refused = yield* Effect.flip(place(2, 500))
  yield* Console.log(`order 2: ${refused}`)

  const orders = yield* sql<{ id: number }>`select id from orders`
  yield* Console.log(`orders: ${orders.map((order) => order.id).join(", ")}`)
  const names = yield* sql<{ name: string; actor: string; status: string }>`
    select name, actor_type || '/' || actor_id as actor, status from stepped.actions order by enqueued_at`
  yield* Console.log(`actions: ${names.map((row) => `${row.name} ${row.actor} ${row.status}`).join(", ")}`)
  const [account] = yield* sql<{ balance: number }>`select balance from accounts`
  yield* Console.log(`booked in ${attempts} attempts, balance ${account?.balance}`)

  // waiting inside the transaction that enqueues would wait for itself, and says so
  const error = yield* sql.withTransaction(Effect.flip((yield* Orders.client)(1).confirm(1)))
  yield* Console.log(error.message)
})

await Effect.runPromise(Effect.provide(program, Main))
