/** Something does not go on. */
import { Effect } from "effect"
import { CardRefused } from "../fixtures/orders.ts"
import { refunded, refunds } from "../fixtures/refunds.ts"
import { fewer, type Shop } from "../fixtures/shop.ts"
import { endsAs, type Situation } from "./Situation.ts"

/** Of an order that finds no courier; they are there again by the time that somebody looks, or not. */
const noCourier =
  (name: "deliver" | "notify", words: string, courier: "comes back" | "stays away") =>
  ({ order, refuses, says, work, world }: Shop) =>
    Effect.gen(function*() {
      world.courier = refuses
      yield* work({ name: "shop-1" })
      const { id } = yield* name === "deliver" ? order(1).deliverLater() : order(1).notifyLater()
      yield* says(id, words)
      if (courier === "comes back") world.courier = Effect.void
      return [id]
    })

export const stuck: ReadonlyArray<Situation> = [
  {
    name: "nobody works",
    arrange: ({ order }) => Effect.map(order(1).remindLater(), ({ id }) => [id]),
    then: (shop, ids) => Effect.andThen(shop.work(), endsAs("succeeded")(shop, ids))
  },
  {
    name: "no worker has it",
    arrange: ({ announced, order, says, work }) =>
      Effect.gen(function*() {
        yield* work({ actions: fewer, build: "52aa17", name: "shop-1" })
        const { id } = yield* order(1).remindLater()
        yield* says((yield* order(2).invoiceLater()).id, "for the signal")
        yield* announced
        return [id]
      })
  },
  {
    name: "nobody serves its queue",
    arrange: ({ announced, comesTo, order, work }) =>
      Effect.gen(function*() {
        yield* work({ queues: ["default"], name: "shop-1" })
        const { id } = yield* order(1).reportLater()
        yield* comesTo((yield* order(2).remindLater()).id, "succeeded")
        yield* announced
        return [id]
      }),
    then: (shop, ids) => Effect.andThen(shop.work({ queues: ["reports"] }), endsAs("succeeded")(shop, ids))
  },
  {
    name: "behind another in its lane",
    arrange: ({ order, says, work, world }) =>
      Effect.gen(function*() {
        world.courier = Effect.never
        yield* work({ name: "shop-1", gracePeriod: 0 })
        const first = yield* order(1).packLater("Lyon")
        yield* says(first.id, "runs")
        const second = yield* order(2).packLater("Lyon")
        yield* says(second.id, "waits: number 1")
        world.courier = Effect.void
        return [second.id, first.id]
      }),
    then: endsAs("succeeded")
  },
  {
    name: "far below",
    arrange: ({ order, says, work, world }) =>
      Effect.gen(function*() {
        world.bank = Effect.never
        yield* work({ name: "shop-1", gracePeriod: 0 })
        const { id } = yield* order(1).checkoutLater()
        yield* says(id, "the step ask runs")
        return [id]
      })
  },
  {
    name: "a signal has not come",
    arrange: ({ announced, order, says, work }) =>
      Effect.gen(function*() {
        yield* work({ name: "shop-1" })
        const { id } = yield* order(1).invoiceLater()
        yield* says(id, "for the signal")
        yield* announced
        return [id]
      }),
    then: endsAs("succeeded")
  },
  {
    name: "the courier has not answered",
    arrange: ({ announced, order, says, work }) =>
      Effect.gen(function*() {
        yield* work({ name: "shop-1" })
        const { id } = yield* order(1).shipLater()
        yield* says(id, "from outside")
        yield* announced
        return [id]
      }),
    then: endsAs("succeeded")
  },
  {
    name: "paused and forgotten",
    arrange: ({ order, stepped, work }) =>
      Effect.gen(function*() {
        yield* stepped("pause", "--definition", "Order/remind", "--by", "ada", "--reason", "the mail server is full")
        yield* work({ name: "shop-1" })
        return [(yield* order(1).remindLater()).id]
      }),
    then: endsAs("succeeded")
  },
  {
    name: "as many as the partner takes",
    arrange: ({ comesTo, order, says, work }) =>
      Effect.gen(function*() {
        yield* work({ name: "shop-1" })
        for (const id of [1, 2]) yield* comesTo((yield* order(id).syncLater()).id, "succeeded")
        const { id } = yield* order(3).syncLater()
        yield* says(id, "allows no start before")
        return [id]
      })
  },
  {
    name: "held",
    arrange: noCourier("deliver", "is held", "comes back"),
    then: endsAs("succeeded")
  },
  {
    name: "held and done by hand",
    arrange: noCourier("deliver", "is held", "stays away"),
    then: endsAs("succeeded")
  },
  {
    name: "an execution has failed",
    arrange: (shop) =>
      Effect.gen(function*() {
        shop.world.bankAgain = Effect.fail(new CardRefused({ bank: "north" }))
        yield* shop.work({ actions: refunds, name: "shop-1" })
        const id = yield* refunded(shop)
        yield* shop.says(id, "until somebody resumes it")
        shop.world.bankAgain = Effect.void
        return [id]
      }),
    then: endsAs("succeeded")
  },
  {
    name: "the next try is an hour away",
    arrange: noCourier("notify", "tried again", "comes back"),
    then: endsAs("succeeded")
  },
  {
    name: "planned for next week",
    arrange: ({ order, work }) =>
      Effect.gen(function*() {
        yield* work({ name: "shop-1" })
        return [(yield* order(1).with({ delay: "7 days" }).remindLater()).id]
      }),
    then: endsAs("succeeded")
  },
  {
    name: "its worker is dead",
    arrange: ({ order, process, says }) =>
      Effect.gen(function*() {
        const { id } = yield* order(1).packLater("Lyon")
        const kill = yield* process("shop-1")
        yield* says(id, "the step fill runs")
        kill()
        return [id]
      }),
    then: (shop, ids) => Effect.andThen(shop.work(), endsAs("succeeded")(shop, ids))
  },
  {
    name: "a schedule does not fire",
    arrange: ({ announced, sql, work }) =>
      Effect.gen(function*() {
        yield* work({ actions: fewer, build: "52aa17", name: "shop-1" })
        yield* announced
        yield* sql`insert into stepped.schedules (name, spec, zone, definition, actor_id, queue, arguments, catch_up, slot, next_at, source, hash, changed_at)
          values ('reminders', '{"cron": "0 6 * * *"}', 'Europe/Berlin', 'Order/remind', '1', 'default', '[]', '{"policy": "latest"}',
            now() - interval '2 hours', now() - interval '2 hours', 1, 'one', now())`
        return []
      })
  }
]
