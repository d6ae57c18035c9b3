/**
 * Every night ten thousand accounts are charged, twenty at a time; some cards are declined. The night's report says which, and when their
 * owners have paid in, those alone are tried again.
 *
 * Run with `npm run example examples/nightly/main.ts`. `ACCOUNTS=500` makes a shorter night.
 */
import { Console, Context, Effect, Layer, Result, Schema } from "effect"
import { ActionRepo, Step, Stepped } from "stepped"
import * as Embedded from "stepped/embedded"

const accounts = Number(process.env.ACCOUNTS ?? 10_000)

// #region actions
class CardDeclined extends Schema.TaggedError<CardDeclined>()("CardDeclined", { cents: Schema.Int }) {
  override get message(): string {
    return `the card was declined for ${this.cents} cents`
  }
}

class Bank extends Context.Service<Bank, {
  readonly due: (day: string) => Effect.Effect<ReadonlyArray<number>>
  /** Charges an account for what it owes on a day. */
  readonly charge: (account: number, day: string, key: string) => Effect.Effect<number, CardDeclined>
}>()("Bank") {}

class Account extends Stepped.Actor<Account>()("Account", { id: Schema.Int }) {}
class Books extends Stepped.Actor<Books>()("Books", { id: Schema.Literal("main") }) {}

/** The bank takes twenty of our requests at a time, however many workers there are. */
const connections = Stepped.lane("connections", { limit: 20, whenBusy: "line" })

const charge = Stepped.action("charge", {
  arguments: [Schema.String],
  success: Schema.Int,
  error: CardDeclined,
  concurrency: () => connections("bank")
}).step(
  "charge",
  Effect.fn(function*(day) {
    const { idempotencyKey } = yield* Step
    const { id } = yield* Account
    return yield* (yield* Bank).charge(id, day, idempotencyKey)
  })
)

const Report = Schema.Struct({
  accounts: Schema.Int,
  cents: Schema.Int,
  failed: Schema.Array(Schema.Struct({ account: Schema.Int, why: Schema.String }))
})

const night = Stepped.action("night", { arguments: [Schema.String], success: Report })
  .step(
    "charge",
    Effect.fn(function*(day) {
      const due = yield* Effect.flatMap(Bank, (bank) => bank.due(day))
      // a card that is declined is a value here, and spoils no night
      const charged = yield* Step.attemptOn(due.map((account) => Account.ref(account)), charge, day)
      return { due, charged }
    })
  )
  .step((_day, { charge: { charged, due } }) =>
    Effect.succeed({
      accounts: due.length,
      cents: charged.reduce((sum, one) => sum + Result.getOrElse(one, () => 0), 0),
      failed: charged.flatMap((one, n) => Result.isFailure(one) ? [{ account: due[n]!, why: one.failure.message }] : [])
    })
  )
// #endregion

const Accounts = Stepped.actions(Account, [charge])
const AllBooks = Stepped.actions(Books, [night])

// -------------------------------------------------------------------------------------------------------------------
// a bank, in which every 97th account is empty until somebody pays in
// -------------------------------------------------------------------------------------------------------------------

const bank = { empty: new Set<number>(), paid: new Map<string, number>(), open: 0, most: 0 }
for (let account = 97; account <= accounts; account += 97) bank.empty.add(account)

const BankLive = Layer.succeed(Bank, {
  due: () => Effect.succeed(Array.from({ length: accounts }, (_, n) => n + 1)),
  charge: (account, _day, key) =>
    Effect.gen(function*() {
      bank.most = Math.max(bank.most, ++bank.open)
      yield* Effect.yieldNow
      bank.open--
      if (bank.empty.has(account)) return yield* new CardDeclined({ cents: 100 })
      bank.paid.set(key, 100)
      return 100
    })
})

// -------------------------------------------------------------------------------------------------------------------
// the program
// -------------------------------------------------------------------------------------------------------------------

const Main = Stepped.worker({ concurrency: 64 }).pipe(
  Layer.provide(AllBooks.layer),
  Layer.provideMerge(Accounts.layer),
  Layer.provide(BankLive),
  Layer.provideMerge(Embedded.layer())
)

// #region again
/** Has each charge of a night that has failed tried again; gives how many go on. */
const chargeAgain = Effect.fn(function*(night: string) {
  const actions = yield* ActionRepo
  const failed = yield* actions.list({ name: "charge", parent: night, statuses: ["failed"], limit: 10_000 })
  return yield* Effect.forEach(failed, ({ id }) =>
    Effect.flatMap(actions.retry(id), (verb) =>
      // also where somebody was before: then this one goes on already
      verb._tag === "Retried" || verb._tag === "AlreadyRetried"
        ? Effect.succeed(verb.id)
        : Effect.die(`${id} cannot be retried: ${JSON.stringify(verb)}`)))
})
// #endregion

const program = Effect.gen(function*() {
  const books = (yield* AllBooks.client)("main")
  const handle = yield* books.nightLater("2031-01-31")
  const report = yield* handle.await
  yield* Console.log(`${report.accounts} accounts, of which ${report.failed.length} have failed`)
  yield* Console.log(`the first one is account ${report.failed[0]?.account}: ${report.failed[0]?.why}`)
  yield* Console.log(bank.most > 20 ? `${bank.most} requests at a time` : "never more than 20 requests at a time")

  // the owners pay in
  bank.empty.clear()
  const again = yield* chargeAgain(handle.id)
  const charges = yield* Effect.forEach(again, (id) =>
    Effect.flatMap(ActionRepo, (actions) => actions.find(id)).pipe(
      Effect.map((found) => found._tag === "Some" ? found.value.actorId : ""),
      Effect.flatMap((account) => Stepped.handle(Account.ref(Number(account)), charge, id)),
      Effect.flatMap((one) => one.await)
    ), { concurrency: "unbounded" })
  yield* Console.log(`${charges.length} are charged by now`)
  yield* Console.log(
    `asked once more, it is the same ${(yield* chargeAgain(handle.id)).filter((id) => again.includes(id)).length}`
  )
  yield* Console.log(`${bank.paid.size} payments for ${report.accounts} accounts`)
})

await Effect.runPromise(Effect.provide(program, Main))
