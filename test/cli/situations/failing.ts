/** It fails, and what is done about that. */
import { Effect, Exit, Scope } from "effect"
import { CardRefused, NoCourier } from "../fixtures/orders.ts"
import type { Shop } from "../fixtures/shop.ts"
import type { Situation } from "./Situation.ts"

/** One after the other: the last one is the newest, and has failed last. */
const endsIn = <E, R>(enqueued: Effect.Effect<{ readonly id: string }, E, R>, comesTo: Shop["comesTo"]) =>
  Effect.flatMap(enqueued, ({ id }) => Effect.as(comesTo(id, "failed"), id))

const refused = Effect.fail(new CardRefused({ bank: "Rhone" }))

export const failing: ReadonlyArray<Situation> = [
  {
    name: "since the deploy",
    arrange: ({ comesTo, order, work, world }) =>
      Effect.gen(function*() {
        const before = yield* work({ build: "41f0c2", name: "shop-1" })
        yield* comesTo((yield* order(1).chargeLater()).id, "succeeded")
        yield* Scope.close(before, Exit.void)
        world.bank = refused
        yield* work({ build: "52aa17", name: "shop-2" })
        const ids = yield* Effect.forEach([2, 3, 4], (id) => endsIn(order(id).chargeLater(), comesTo))
        return ids.toReversed()
      })
  },
  {
    name: "the bank is back",
    arrange: ({ comesTo, order, work, world }) =>
      Effect.gen(function*() {
        world.bank = refused
        yield* work({ build: "52aa17", name: "shop-1" })
        const ids = yield* Effect.forEach([2, 3, 4], (id) => endsIn(order(id).chargeLater(), comesTo))
        world.bank = Effect.succeed("b-82")
        return ids.toReversed()
      }),
    then: ({ repo, until }) =>
      until(
        "all have gone on",
        Effect.map(repo.list({ actorType: "Order", statuses: ["succeeded"] }), (found) => found.length === 3)
      )
  },
  {
    name: "with its parents",
    arrange: ({ childOf, comesTo, order, work, world }) =>
      Effect.gen(function*() {
        world.bank = refused
        yield* work({ build: "52aa17", name: "shop-1" })
        const { id } = yield* order(2).checkoutLater()
        yield* comesTo(id, "failed")
        world.bank = Effect.succeed("b-82")
        return [id, yield* childOf(id)]
      }),
    then: ({ repo, until }) =>
      until(
        "the child's new action has gone on",
        Effect.map(
          repo.list({ actorType: "Order", statuses: ["succeeded"] }),
          (found) => found.some(({ retryOf }) => retryOf !== undefined)
        )
      )
  },
  {
    name: "stop what is new",
    arrange: ({ announced, comesTo, order, work, world }) =>
      Effect.gen(function*() {
        world.bank = refused
        yield* work({ build: "52aa17", name: "shop-1" })
        yield* comesTo((yield* order(1).chargeLater()).id, "failed")
        yield* announced
        return []
      })
  },
  {
    name: "one that no other is like",
    arrange: ({ comesTo, order, work, world }) =>
      Effect.gen(function*() {
        world.courier = Effect.fail(new NoCourier({ city: "Atlantis" }))
        yield* work({ build: "52aa17", name: "shop-1" })
        const { id } = yield* order(1).packLater("Atlantis")
        yield* comesTo(id, "failed")
        return [id]
      })
  },
  {
    name: "enqueued by mistake",
    arrange: ({ order }) =>
      Effect.gen(function*() {
        const handles = yield* Effect.forEach([1, 2, 3], (id) => order(id).with({ tags: ["campaign"] }).remindLater())
        yield* order(4).remindLater()
        return handles.map(({ id }) => id)
      }),
    then: (shop) =>
      Effect.gen(function*() {
        yield* shop.work()
        yield* shop.until(
          "three are cancelled, and one is not",
          Effect.map(
            shop.repo.list({ actorType: "Order" }),
            (found) => found.map(({ status }) => status).toSorted().join() === "cancelled,cancelled,cancelled,succeeded"
          )
        )
      })
  },
  {
    name: "not undone",
    arrange: ({ comesTo, order, repo, work, world }) =>
      Effect.gen(function*() {
        world.courier = Effect.fail(new NoCourier({ city: "Lyon" }))
        world.bankAgain = refused
        yield* work({ build: "52aa17", name: "shop-1" })
        const { id } = yield* order(2).checkoutLater()
        yield* comesTo(id, "failed")
        world.bankAgain = Effect.void
        const children = yield* repo.list({ parent: id })
        return [id, children.find(({ name }) => name === "charge")!.id]
      }),
    then: ({ repo, until }, [, charge]) =>
      until(
        "the money is given back",
        Effect.map(repo.steps(charge!), (steps) =>
          steps.some(({ kind, status }) => kind === "compensation" && status === "succeeded"))
      )
  },
  {
    name: "undoing does not end",
    arrange: ({ order, says, work, world }) =>
      Effect.gen(function*() {
        world.courier = Effect.fail(new NoCourier({ city: "Lyon" }))
        world.bankAgain = Effect.never
        yield* work({ build: "52aa17", name: "shop-1", gracePeriod: 0 })
        const { id } = yield* order(2).checkoutLater()
        yield* says(id, "what undoes its step runs")
        return [id]
      })
  }
]
