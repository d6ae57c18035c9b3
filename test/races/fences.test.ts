/**
 * The fence of a transition: what an action has moved on from changes nothing, also beside its valid conclusion in one batch.
 */
import { assert, it } from "@effect/vitest"
import { Duration, Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { Stepped } from "stepped"
import { Storage } from "../../src/sql/Storage.ts"
import { News, nothingKnown, Phase, Status, Transitions } from "../../src/sql/Transitions.ts"
import { healthy, server } from "../harness/databases.ts"
import { recordOf, stepsOf } from "../harness/observing.ts"

class Car extends Stepped.Actor<Car>()("Car", { id: Schema.Int }) {}
const turn = Stepped.action("turn", { outbound: true }).step("turn", () => Effect.void)
const Cars = Stepped.actions(Car, [turn])
const transitions = Layer.provide(
  Transitions.layer,
  Storage.layer({ schema: "stepped", deadline: Duration.seconds(20), embedded: false })
)

it.effect("1.2: a stale conclusion is stale beside a valid one of the same action", () =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const handle = yield* (yield* Cars.client)(1).turnNow()
    yield* Effect.provide(
      Effect.gen(function*() {
        const { finish, register } = yield* Transitions
        const token = yield* register("test", Duration.minutes(1))
        // its callbacks run here, since somebody has cancelled it during its second step
        yield* sql`update stepped.live_actions set token = ${token}, phase = ${Phase.callbacks}, outcome = ${Status.cancelled}`
        const child = "01a1fb87-b1cd-7686-8591-01459439e627"
        const tasks = yield* finish({
          token,
          now: 0,
          known: nothingKnown,
          members: [
            { a: handle.id, s: 1, ph: Phase.step, sn: "late", ss: Status.performing, st: 0, np: Phase.waiting },
            { a: handle.id, s: 1, ph: Phase.callbacks, o: Status.cancelled, g: 1, b: 0, e: true }
          ],
          slots: [{ a: handle.id, st: 1, n: 0, ch: child, d: "Car/turn", ai: "1", due: null }],
          children: [{
            q: "default",
            a: child,
            d: "Car/turn",
            ai: "1",
            args: [],
            l: "lane",
            sk: "key",
            cs: null,
            t: null,
            p: handle.id,
            ps: 1,
            dp: 1
          }]
        })
        assert.deepStrictEqual(tasks.filter(({ kind }) => kind === News.stale).map(({ phase }) => phase), [Phase.step])
      }),
      transitions
    )
    assert.deepStrictEqual(yield* stepsOf(handle.id), ["turn succeeded"])
    const record = yield* recordOf(handle.id)
    assert.deepStrictEqual([record.status, record.callbacksSucceeded], ["cancelled", 1])
    assert.deepStrictEqual(yield* sql`select 1 from stepped.slots union all select 1 from stepped.jobs`, [])
    yield* healthy
  }).pipe(Effect.provide(Layer.provideMerge(Cars.layer, server.layer()))))
