/** Bad values for everything that is asked over HTTP: each is refused with a clear answer, or finds nothing, and none changes anything. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { ActionRepo, operatorVerbs } from "stepped"
import { performSteppedActions } from "stepped/testing"
import { isTooDeep } from "../../src/http/nesting.ts"
import { isOneVerb } from "../../src/verbs/table.ts"
import { embedded, healthy } from "../harness/databases.ts"
import { Cars } from "./fixtures/cars.ts"
import { bodies, nasty, texts, typed } from "./fixtures/nasty.ts"
import { as, known, servingApi } from "./fixtures/serving.ts"

const none = "0199c2f0-0000-7000-8000-000000000000"
const takesNothing = ["AchievementStore.forgetAll", "Schedules.pauseAll", "Schedules.resumeAll"]

it("21.1: what is nested too deep is found by its text, and what is in texts counts for nothing", () => {
  const nested = (times: number) => "[{\"a\":".repeat(times / 2) + "1" + "}]".repeat(times / 2)
  assert.isFalse(isTooDeep(nested(200)))
  assert.isTrue(isTooDeep(nested(202)))
  assert.isFalse(isTooDeep(JSON.stringify({ a: "[".repeat(1000), b: "\"{".repeat(1000), c: "\\".repeat(1001) })))
  assert.isFalse(isTooDeep("[1],".repeat(1000)))
})

it.effect("21.1, 21.3: bad values are refused, or find nothing, and change nothing", () =>
  Effect.gen(function*() {
    const cars = yield* Cars.client
    yield* cars(1).visitLater("London")
    yield* performSteppedActions()
    const repo = yield* ActionRepo
    const before = JSON.stringify([yield* repo.list(), yield* repo.operations()])
    const { get, post, url } = yield* servingApi({ authorization: known })
    let asked = 0
    const look = (path: string) => Effect.tap(get(path, as("ada")), () => Effect.sync(() => asked++))
    const refused = ({ body, status }: { readonly body: any; readonly status: number }, what: string) => {
      assert.deepStrictEqual([status, body._tag], [400, "BadRequest"], what)
      assert.isString(body.message, what)
    }
    for (const [path, field] of typed) {
      for (const value of nasty) {
        // a number below its limits, or beyond the last of them, is one
        if (path === "/api/operations" && field === "after" && value === "-1") continue
        refused(yield* look(`${path}?${field}=${encodeURIComponent(value)}`), `${path} ${field} ${value}`)
      }
    }
    for (const value of nasty) {
      for (const path of value === "" ? [] : ["", "/tree", "/why"]) {
        const answer = yield* look(`/api/actions/${encodeURIComponent(value)}${path}`)
        assert.include([400, 404], answer.status, `${value}${path}`)
      }
      for (const path of ["", "/next", "/history"]) {
        const answer = yield* look(`/api/schedule${path}?name=${encodeURIComponent(value)}`)
        assert.include([400, 404], answer.status, `schedule${path} ${value}`)
      }
      for (const [path, field] of texts) {
        const { body, status } = yield* look(`${path}?${field}=${encodeURIComponent(value)}`)
        assert.include([200, 400], status, `${path} ${field} ${value}`)
        if (status === 200 && value !== "" && path !== "/api/lanes") {
          assert.deepStrictEqual(body.items ?? body, [], `${path} ${field} ${value}`)
        }
      }
    }
    for (const verb of operatorVerbs) {
      if (!isOneVerb(verb)) continue
      for (const body of bodies) {
        // what takes nothing but filters, or nothing at all, has none
        if (takesNothing.includes(verb) && JSON.stringify(body).includes("a test")) continue
        refused(yield* post(`/api/verbs/${verb}`, body, as("ada")), `${verb} ${JSON.stringify(body)}`)
        asked++
      }
      for (const reason of ["", " ", "r".repeat(1001), "a\u0000b", 1, null, ["x"]]) {
        const input = { id: "0199c2f0-0000-7000-8000-000000000000", reason }
        refused(yield* post(`/api/verbs/${verb}`, input, as("ada")), `${verb} ${JSON.stringify(reason)}`)
        asked++
      }
    }
    for (const body of ["{", "{\"a\":", "\u0000", "<xml/>", "a=b"]) {
      const response = yield* Effect.promise(() =>
        fetch(`${url}/api/verbs/Stepped.cancel`, {
          method: "POST",
          body,
          headers: { authorization: "Bearer ada", "content-type": "application/json" }
        })
      )
      assert.strictEqual(response.status, 400, body)
    }
    const large = yield* post("/api/verbs/Stepped.cancel", { reason: "r".repeat(3_000_000) }, as("ada"))
    assert.deepStrictEqual([large.status, large.body._tag], [413, "TooLarge"])
    const deep = "[".repeat(100_000) + "]".repeat(100_000)
    for (
      const [path, body] of [
        ["/api/verbs/ActionRepo.completeStep", `{"id":"${none}","reason":"x","result":${deep}}`],
        ["/api/verbs/ActionRepo.completeStep", `{"id":"${none}","reason":"x","result":${"{\"a\":".repeat(100_000)}`],
        ["/api/run", `{"actorType":"Car","actorId":"1","name":"visit","arguments":${deep}}`],
        [`/api/actions/${none}/signal`, `{"name":"go","reason":"x","payload":${deep}}`],
        ["/api/many/plan", deep]
      ] as const
    ) {
      const answer = yield* Effect.promise(() =>
        fetch(url + path, {
          method: "POST",
          body,
          headers: { authorization: "Bearer ada", "content-type": "application/json" }
        })
      )
      assert.strictEqual(answer.status, 400, path)
      assert.include(yield* Effect.promise(() => answer.text()), "nested")
    }
    for (const number of ["9007199254740993", "-12345678901234567890", "1e400"]) {
      const answer = yield* Effect.promise(() =>
        fetch(`${url}/api/run`, {
          method: "POST",
          body: `{"actorType":"Car","actorId":"1","name":"visit","arguments":["9007199254740993",{"a":[${number}]}]}`,
          headers: { authorization: "Bearer ada", "content-type": "application/json" }
        })
      )
      assert.strictEqual(answer.status, 400, number)
      assert.include(yield* Effect.promise(() => answer.text()), `the number ${number}, which is beyond 2^53`)
    }
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
      const answer = yield* post("/api/verbs/Stepped.cancel", { reason: "x" }, {
        headers: { authorization: "Bearer ada", "content-type": type }
      })
      assert.strictEqual(answer.status, 415, type)
    }
    assert.isAbove(asked, 300)
    assert.strictEqual(JSON.stringify([yield* repo.list(), yield* repo.operations()]), before)
    yield* healthy
  }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(Cars.layer, embedded.layer()))))
