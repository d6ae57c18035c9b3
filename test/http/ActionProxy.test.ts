/** Rule 21.7: actions as RPCs and as endpoints of a program's own API. */
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Schema } from "effect"
import { ActionRepo, Stepped } from "stepped"
import { ActionProxy } from "stepped/http"
import { healthy, suite } from "../harness/databases.ts"
import { seen } from "../harness/notes.ts"
import { until } from "../harness/workers.ts"
import { Car, carClient, carRoutes, CarRpcs, Cars, NoParking, rpcClient, signal, wait } from "./fixtures/proxied.ts"
import { serving } from "./fixtures/serving.ts"

suite("actions that others call", (engine) => {
  const live = Stepped.worker().pipe(Layer.provideMerge(Cars.layer), Layer.provideMerge(engine.layer()))
  const test = (name: string, scenario: (url: string) => Effect.Effect<void, unknown, any>) =>
    it.effect(name, () =>
      Effect.gen(function*() {
        const { url } = yield* serving(carRoutes)
        yield* scenario(url)
        yield* healthy
      }).pipe(Effect.scoped, Effect.provide(live)))

  test("21.7: an RPC waits for an action, and gives its success, its own error, or why it has ended otherwise", (url) =>
    Effect.gen(function*() {
      const rpcs = yield* rpcClient(CarRpcs, url)
      assert.strictEqual(yield* rpcs.visit({ id: 1, arguments: ["London"] }), "parked in London")
      assert.deepStrictEqual(
        yield* Effect.flip(rpcs.visit({ id: 1, arguments: ["sea"] })),
        new NoParking({ at: "sea" })
      )
      const failed = yield* Effect.flip(rpcs.visit({ id: 1, arguments: ["nowhere"] }))
      assert.instanceOf(failed, ActionProxy.NotSucceeded)
      assert.deepStrictEqual([failed._tag === "NotSucceeded" && failed.reason, failed.message], [
        "ActionFailed",
        "visit Car/1 › 1: no road leads there"
      ])
    }))

  test("21.7: one that is discarded gives its id, once for each key, by which it is asked how far it is", (url) =>
    Effect.gen(function*() {
      const rpcs = yield* rpcClient(CarRpcs, url)
      const actionId = yield* rpcs.waitDiscard({ id: 7, arguments: [], idempotencyKey: "once" })
      assert.strictEqual(yield* rpcs.waitDiscard({ id: 7, arguments: [], idempotencyKey: "once" }), actionId)
      yield* until(
        "it performs",
        Effect.map(rpcs.waitPoll({ id: 7, actionId }), ({ status }) => status === "performing")
      )
      const waiting = yield* Effect.forkChild(rpcs.wait({ id: 7, arguments: [], idempotencyKey: "once" }))
      yield* Stepped.send(Car.ref(7), wait, signal)
      yield* Fiber.join(waiting)
      assert.deepStrictEqual(yield* rpcs.waitPoll({ id: 7, actionId }), { status: "succeeded", value: undefined })
      assert.lengthOf(yield* (yield* ActionRepo).list({ name: "wait" }), 1)
      const gone = yield* Effect.flip(rpcs.waitPoll({ id: 8, actionId }))
      assert.strictEqual(gone._tag, "NotFound")
      const failed = yield* rpcs.visitDiscard({ id: 1, arguments: ["sea"], idempotencyKey: "k" })
      yield* Effect.flip(rpcs.visit({ id: 1, arguments: ["sea"], idempotencyKey: "k" }))
      assert.deepStrictEqual(
        yield* Effect.flip(rpcs.visitPoll({ id: 1, actionId: failed })),
        new NoParking({ at: "sea" })
      )
      const conflict = yield* Effect.flip(rpcs.visitDiscard({ id: 1, arguments: ["London"], idempotencyKey: "k" }))
      assert.strictEqual(conflict._tag, "Conflict")
      const refused = yield* Effect.flip(rpcs.visitDiscard({ id: 1, arguments: ["a\u0000b"] }))
      assert.strictEqual(refused._tag, "Unprocessable")
    }))

  test("21.7: endpoints of a program's own API do the same", (url) =>
    Effect.gen(function*() {
      const { cars } = yield* carClient(url)
      const params = { id: 3 }
      assert.strictEqual(yield* cars.visit({ params, payload: ["Oslo"], headers: {} }), "parked in Oslo")
      assert.deepStrictEqual(
        yield* Effect.flip(cars.visit({ params, payload: ["sea"], headers: {} })),
        new NoParking({ at: "sea" })
      )
      const headers = { "idempotency-key": "once" }
      const actionId = yield* cars.visitDiscard({ params, payload: ["Bern"], headers })
      assert.strictEqual(yield* cars.visit({ params, payload: ["Bern"], headers }), "parked in Bern")
      assert.deepStrictEqual(yield* cars.visitPoll({ params: { id: 3, actionId } }), {
        status: "succeeded",
        value: "parked in Bern"
      })
      assert.deepStrictEqual(seen, ["visits Oslo", "visits Bern"])
      const post = (path: string, body: unknown) =>
        Effect.promise(() =>
          fetch(url + path, {
            method: "POST",
            body: JSON.stringify(body),
            headers: { "content-type": "application/json" }
          })
        )
      assert.strictEqual((yield* post("/Car/3/visit/discard", ["Rome"])).status, 202)
      assert.strictEqual((yield* post("/Car/3/visit", ["nowhere"])).status, 500)
      for (const [path, body] of [["/Car/x/visit", ["Rome"]], ["/Car/3/visit", []], ["/Car/3/visit", [1]]] as const) {
        assert.strictEqual((yield* post(path, body)).status, 400, `${path} ${JSON.stringify(body)}`)
      }
    }))

  it("21.7: what is made of two actions and has one name is refused", () => {
    const visitPoll = Stepped.action("visitPoll").step(() => Effect.void)
    const visit = Stepped.action("visit").step(() => Effect.void)
    class Van extends Stepped.Actor<Van>()("Van", { id: Schema.Int }) {}
    const Vans = Stepped.actions(Van, [visit, visitPoll])
    assert.throws(() => ActionProxy.toRpcGroup(Vans, [visit, visitPoll]), /what is called visitPoll/)
    assert.throws(() => ActionProxy.toHttpApiGroup("vans", Vans, [visit, visitPoll]), /what is called visitPoll/)
    assert.isTrue(ActionProxy.toRpcGroup(Vans, [visit], { prefix: "van." }).requests.has("van.visitDiscard"))
    // @ts-expect-error an action that the actor does not have
    ActionProxy.toRpcGroup(Vans, [wait])
  })
})
