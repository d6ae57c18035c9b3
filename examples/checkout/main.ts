/**
 * A checkout that is undone when it does not come to its end: `npm run example examples/checkout/main.ts`.
 *
 * An order is charged, reserved, wrapped and shipped, by services that are real HTTP servers and behave as such services
 * do (`outside.ts`). The shop (`shop.ts`) is a process of its own, on an embedded database, or on the server of
 * `DATABASE_URL`. What was done is written down in the services' own books.
 *
 * - without a flag the bank is busy, and then does not answer; the warehouse drops the connection, and has no ribbon; the
 *   carrier calls back twice. The customer pays once and gets one parcel.
 * - `--decline`: the bank declines the card, which is not tried again.
 * - `--sold-out`: the warehouse has none left, and the customer gets the money back.
 * - `--crash`: the shop dies when the bank has the money, before it has written that down, and goes on when it is back.
 * - `--late-answer`: the bank takes the money and never says so. Nobody knows, so it is told to give back what it may have.
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { ChildProcess } from "effect/process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Order } from "./definitions.ts"
import { openOutside, type Story } from "./outside.ts"

const order: Order = { id: "order-1", item: "a kite", cents: 4200, isGift: true }

const flag = (name: string, description: string) =>
  Flag.Boolean(name).pipe(Flag.withDescription(description), Flag.withDefault(false))

const flags = {
  decline: flag("decline", "The bank declines the card"),
  soldOut: flag("sold-out", "The warehouse has none left"),
  crash: flag("crash", "The shop dies in the worst moment"),
  lateAnswer: flag("late-answer", "The bank takes the money and never says so")
}

const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "stepped-checkout-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

const outside = (story: Story) =>
  Effect.acquireRelease(
    Effect.promise(() => openOutside(story, (line) => console.log(`    ${line}`))),
    ({ close }) => Effect.promise(close)
  )

/** Runs the shop to its end; gives whether it has come to it by itself. */
const shop = (env: Readonly<Record<string, string>>) =>
  Effect.scoped(Effect.gen(function*() {
    const command = ChildProcess.make(
      process.execPath,
      [
        ...process.execArgv,
        "--disable-warning=ExperimentalWarning",
        fileURLToPath(new URL("shop.ts", import.meta.url))
      ],
      { env, extendEnv: true, stdin: "ignore", stdout: "inherit", stderr: "inherit" }
    )
    const handle = yield* command
    return yield* Effect.match(handle.exitCode, { onSuccess: (code) => code === 0, onFailure: () => false })
  }))

const run = (story: Story) =>
  Effect.gen(function*() {
    const { books, url } = yield* outside(story)
    const env = { OUTSIDE_URL: url, STATE: yield* folder }
    yield* Console.log(`An order: ${order.item}, wrapped, for ${order.cents / 100}`)
    const isOver = yield* shop({ ...env, ORDER: JSON.stringify(order), CRASHES: String(story === "crash") })
    if (!isOver) {
      yield* Console.log("The shop has died. It is started again:")
      yield* shop({ ...env, CRASHES: "false" })
    }
    const payment = books.payments.get(order.id)
    yield* Console.log("The books:")
    yield* Console.log(`  bank: ${payment === undefined ? "nothing" : `${payment.cents / 100}, ${payment.state}`}`)
    yield* Console.log(`  warehouse: ${books.reservations.get(order.id) ?? "nothing"}`)
    yield* Console.log(`  carrier: ${books.parcels.get(order.id) ?? "nothing"}`)
  })

const storyOf = (asked: { readonly [Name in keyof typeof flags]: boolean }): Story =>
  asked.decline
    ? "declined"
    : asked.soldOut
    ? "sold out"
    : asked.crash
    ? "crash"
    : asked.lateAnswer
    ? "late answer"
    : "delivered"

Command.make("checkout", flags, (asked) => Effect.scoped(run(storyOf(asked)))).pipe(
  Command.withDescription("Checks out an order, or undoes what was done of it."),
  Command.run({ version: "0.1.0" }),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
