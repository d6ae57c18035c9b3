/** Programs under faults whose work is done outside, by somebody who is heard, and then is not. */
import { Effect, Schedule, Schema } from "effect"
import { type Engine, Step, Stepped } from "stepped"
import { awaited, invoke, note, program, type Root } from "./Playing.ts"
import type { Tree } from "./Trial.ts"

class Account extends Stepped.Actor<Account>()("Account", { id: Schema.Int }) {}
const exported = Stepped.signal("exported", { payload: Schema.String })

/** Begins again where nothing is heard, and knows what was said last. */
const report = Stepped.action("report", { success: Schema.String, signals: [exported] })
  .step(
    "export",
    Effect.fn(function*() {
      const said = JSON.stringify((yield* Step).lastFailure?.details ?? null)
      return { said, url: yield* Step.waitFor(exported, { timeout: "1 day", heartbeatTimeout: "1 minute" }) }
    }),
    { retry: Schedule.recurs(1) }
  )
  .step(({ export: { said, url } }) => Effect.succeed(`${url} after ${said}`))

const print = Stepped.action("print", { outbound: true, timeout: "10 minutes", heartbeatTimeout: "1 hour" })
  .step("ask", () => Effect.void)
  .timedOut(() => note("print timed out"))
const bind = Stepped.action("bind", { outbound: true, heartbeatTimeout: "1 minute" }).step("ask", () => Effect.void)
const Accounts = Stepped.actions(Account, [report, print, bind])

const root = (
  id: number,
  action: Root["action"],
  call: (account: any) => Effect.Effect<unknown, unknown>
): Root => ({
  actor: Account.ref(id),
  action,
  invoke: Effect.flatMap(Accounts.client, (client) => call(client(id))) as Root["invoke"]
})

export const heartbeatPrograms: ReadonlyArray<Tree> = [
  program("12.3: an exporter that is heard, is silent, and is asked again", {
    layer: Accounts.layer,
    play: (stage) =>
      Effect.gen(function*() {
        const one = root(1, report, (account) => account.reportLater())
        const id = yield* invoke(stage, one)
        const said = new Set<number>()
        const outside = Effect.gen(function*() {
          const rows = yield* Effect.orDie(stage.sql<{ attempt: number }>`
            select coalesce(attempt, 1)::int as attempt from stepped.slots where action = ${id} and status is null`)
          const attempt = rows[0]?.attempt
          if (attempt === undefined || said.has(attempt)) return false
          said.add(attempt)
          yield* stage.insist(Stepped.heartbeat(id, { attempt }) as Effect.Effect<unknown, unknown, Engine>)
          if (attempt === 2) {
            yield* stage.insist(
              Stepped.send(id, exported, "/may", { key: "may" }) as Effect.Effect<unknown, unknown, Engine>
            )
          }
          return true
        })
        yield* stage.drain(outside)
        return [yield* awaited(stage, one, id)]
      }),
    handles: [JSON.stringify(`/may after {"attempt":1}`)],
    actions: ["Account/1 report succeeded export succeeded, 2 succeeded"],
    notes: []
  }),
  program("12.3: outbound actions that are given longer, and are silent", {
    layer: Accounts.layer,
    play: (stage) =>
      Effect.gen(function*() {
        const roots = [
          root(1, print, (account) => account.printLater()),
          root(2, bind, (account) => account.bindLater())
        ]
        const ids = yield* Effect.forEach(roots, (one) => invoke(stage, one))
        let isAsked = false
        yield* stage.drain(Effect.suspend(() => {
          if (isAsked) return Effect.succeed(false)
          isAsked = true
          return Effect.gen(function*() {
            yield* stage.insist(Stepped.extendTimeout(ids[0]!, "1 day") as Effect.Effect<unknown, unknown, Engine>)
            yield* stage.insist(Stepped.heartbeat(ids[1]!, "last") as Effect.Effect<unknown, unknown, Engine>)
            return true
          })
        }))
        const causes = yield* stage.sql<{ cause: string }>`
          select concat_ws(' ', cause ->> 'message', cause ->> 'details') as cause from stepped.ended_actions order by actor_id`
        return [
          ...yield* Effect.forEach(roots, (one, n) => awaited(stage, one, ids[n]!)),
          ...causes.map(({ cause }) => cause)
        ]
      }),
    handles: ["TimedOut", "TimedOut", "no heartbeat in time", "no heartbeat in time last"],
    actions: ["Account/1 print timed_out 1 ask succeeded", "Account/2 bind timed_out ask succeeded"],
    notes: ["print timed out"]
  })
]
