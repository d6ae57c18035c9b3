/** Nothing is wrong with an action: with the database, a deploy, or what people have done. */
import { assert } from "@effect/vitest"
import { Clock, Context, Effect, Exit, Scope } from "effect"
import { Schedules } from "stepped"
import { Orders, remind } from "../fixtures/orders.ts"
import { clockAhead } from "../fixtures/shop.ts"
import { endsAs, type Situation } from "./Situation.ts"

export const operating: ReadonlyArray<Situation> = [
  {
    name: "a restored copy",
    arrange: ({ order, services, sql }) =>
      Effect.gen(function*() {
        const every = { cron: "0 8 * * *", zone: "Europe/Berlin", actions: Orders, actor: 1, action: remind } as const
        yield* Context.get(services, Schedules).put("reminders", every)
        // the copy has missed one, which production has fired
        yield* sql`update stepped.schedules set slot = slot - interval '1 day', next_at = next_at - interval '1 day'`
        const { id } = yield* order(1).remindLater()
        return [id]
      }),
    then: (shop, ids) =>
      Effect.gen(function*() {
        yield* shop.work()
        yield* endsAs("succeeded")(shop, ids)
        assert.deepStrictEqual(yield* Context.get(shop.services, Schedules).history("reminders"), [])
      })
  },
  { name: "a wrong clock", ahead: -3_600_000, arrange: () => Effect.succeed([]) },
  {
    name: "before a deploy",
    arrange: ({ order, says, work }) =>
      Effect.gen(function*() {
        yield* work({ name: "shop-1" })
        const { id } = yield* order(2).invoiceLater()
        yield* says(id, "for the signal")
        const later = yield* order(1).with({ delay: "7 days" }).remindLater()
        return [later.id]
      })
  },
  {
    name: "a machine is to go",
    arrange: ({ comesTo, order, work }) =>
      Effect.gen(function*() {
        yield* work({ name: "shop-1" })
        yield* work({ name: "shop-2" })
        yield* comesTo((yield* order(1).remindLater()).id, "succeeded")
        return []
      })
  },
  {
    name: "a customer asks to be forgotten",
    arrange: ({ comesTo, order, says, work }) =>
      Effect.gen(function*() {
        yield* work({ name: "shop-1" })
        const packed = yield* order(1).packLater("Lyon")
        yield* comesTo(packed.id, "succeeded")
        const { id } = yield* order(1).invoiceLater()
        yield* says(id, "for the signal")
        return [packed.id, id]
      })
  },
  {
    name: "it counts as done",
    arrange: ({ comesTo, order, work }) =>
      Effect.gen(function*() {
        yield* work({ name: "shop-1" })
        const first = yield* order(1).thankLater()
        yield* comesTo(first.id, "succeeded")
        return [first.id]
      })
  },
  {
    name: "who has done that",
    arrange: ({ order, stepped }) =>
      Effect.gen(function*() {
        const { id } = yield* order(1).remindLater()
        yield* stepped("reprioritise", id, "-50", "--by", "ada", "--reason", "the customer has called")
        yield* stepped("cancel", id, "--by", "grace", "--reason", "the customer has called again")
        return [id]
      })
  },
  {
    name: "by hand",
    arrange: ({ announced, work }) =>
      Effect.gen(function*() {
        yield* work({ name: "shop-1" })
        yield* announced
        return []
      })
  },
  {
    name: "tables are missing",
    arrange: () => Effect.succeed([])
  },
  {
    name: "nothing can be written",
    arrange: ({ order, sql }) =>
      Effect.gen(function*() {
        const { id } = yield* order(1).remindLater()
        yield* sql`do $$ begin execute format('alter database %I set default_transaction_read_only = on', current_database()); end $$`
        return [id]
      })
  },
  {
    name: "history is long",
    arrange: ({ comesTo, order, sql, work }) =>
      Effect.gen(function*() {
        yield* work({ name: "shop-1" })
        const ids = yield* Effect.forEach([1, 2, 3], (id) => Effect.map(order(id).remindLater(), ({ id }) => id)).pipe(
          Effect.provideService(Clock.Clock, clockAhead(-200 * 86_400_000))
        )
        for (const id of ids) yield* comesTo(id, "succeeded")
        yield* sql`update stepped.ended_actions set ended_at = ended_at - interval '200 days' where id <> ${ids[
          2
        ]!}::uuid`
        return []
      })
  },
  {
    name: "is all well",
    arrange: ({ order, says, work }) =>
      Effect.gen(function*() {
        yield* work({ name: "shop-1" })
        const { id } = yield* order(1).invoiceLater()
        yield* says(id, "for the signal")
        return [id]
      })
  },
  {
    name: "somebody has deleted rows",
    arrange: ({ order, says, sql, work }) =>
      Effect.gen(function*() {
        const worker = yield* work({ name: "shop-1" })
        const { id } = yield* order(1).invoiceLater()
        yield* says(id, "for the signal")
        // it would heal that in a moment
        yield* Scope.close(worker, Exit.void)
        yield* sql`delete from stepped.slots`
        return [id]
      })
  }
]
