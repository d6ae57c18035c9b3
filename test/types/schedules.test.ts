/** Rule 20.1 for the compiler: a schedule's action is one of its actions, its arguments are that one's, and its actor's id is one. */
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import { Effect, type Layer, Schema } from "effect"
import { type DefinitionError, type Engine, type ScheduleError, Schedules, Stepped } from "stepped"

class Shop extends Stepped.Actor<Shop>()("Shop", { id: Schema.Int }) {}
const report = Stepped.action("report", { arguments: [Schema.String, Schema.Date] }).step(() => Effect.void)
const open = Stepped.action("open").step(() => Effect.void)
const elsewhere = Stepped.action("elsewhere").step(() => Effect.void)
const Shops = Stepped.actions(Shop, [report, open])

const of = { actions: Shops, actor: 1 } as const
const args = ["daily", new Date(0)] as const

describe("a schedule", () => {
  it("20.1: takes what its action takes", () => {
    const layer = Stepped.schedule("nightly", { ...of, cron: "0 3 * * *", zone: "Europe/Berlin", action: report, args })
    expectTypeOf(layer).toEqualTypeOf<Layer.Layer<never, ScheduleError | DefinitionError, Engine>>()
    // what takes no arguments need not be given any
    Stepped.schedule("opening", { ...of, every: "1 hour", action: open })
    Stepped.schedule("once", { ...of, at: new Date(0), action: open, args: [] })
    assert.isDefined(layer)
  })

  it("20.1: refuses what it does not take", () => {
    const refused = () => {
      // @ts-expect-error it has arguments
      Stepped.schedule("none", { ...of, every: "1 hour", action: report })
      // @ts-expect-error the second one is a date
      Stepped.schedule("wrong", { ...of, every: "1 hour", action: report, args: ["daily", "today"] })
      // @ts-expect-error it is not among these actions
      Stepped.schedule("other", { ...of, every: "1 hour", action: elsewhere })
      // @ts-expect-error an id is a number
      Stepped.schedule("actor", { actions: Shops, actor: "one", every: "1 hour", action: open })
      // @ts-expect-error one of cron and every
      Stepped.schedule("both", { ...of, cron: "0 3 * * *", every: "1 hour", action: open })
      // @ts-expect-error a zone is for cron
      Stepped.schedule("zone", { ...of, every: "1 hour", zone: "Europe/Berlin", action: open })
      // @ts-expect-error there is no such policy
      Stepped.schedule("policy", { ...of, every: "1 hour", action: open, catchUp: "all" })
      return Effect.flatMap(Schedules, (schedules) =>
        // @ts-expect-error of a row as well
        schedules.put("row", { ...of, every: "1 hour", action: report, args: [5, new Date(0)] }))
    }
    assert.isFunction(refused)
  })
})
