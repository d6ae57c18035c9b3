/** Whom a verb was denied: that is recorded, also of who has no role at all, and not without end. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { ActionRepo } from "stepped"
import * as Http from "stepped/http"
import { verbsOfOne } from "../../src/http/Api.ts"
import { deniedMost, makeDenials } from "../../src/http/denials.ts"
import { bodiesOf, needed, none, verbInputs } from "./fixtures/inputs.ts"
import { as, known, servingApi } from "./fixtures/serving.ts"
import { testing } from "./fixtures/testing.ts"

const test = testing()

it("21.3: of one person a hundred refusals are recorded at once, and a hundred an hour", () => {
  let now = 0
  const { isRecorded } = makeDenials(() => now)
  const recorded = (subject: string, asked: number) =>
    Array.from({ length: asked }, () => isRecorded(subject))
      .filter((is) => is).length
  assert.strictEqual(recorded("vera", 1000), deniedMost)
  assert.strictEqual(recorded("otto", 50), 50)
  now = 1_800_000
  assert.strictEqual(recorded("vera", 1000), deniedMost / 2)
  now = 1_800_000 + 36_000
  assert.deepStrictEqual([recorded("vera", 10), recorded("otto", 1000)], [1, deniedMost])
  // as many persons as anybody can be do not stay
  for (let n = 0; n < 1000; n++) isRecorded(`person ${n}`)
  assert.strictEqual(recorded("vera", 1), 1)
})

test(
  "21.3: so many refusals of one person are recorded, and all others are refused as well",
  Effect.gen(function*() {
    const { post } = yield* servingApi({ authorization: known })
    const repo = yield* ActionRepo
    const asked = deniedMost + 40
    for (let n = 0; n < asked; n++) {
      const id = `0199c2f0-0000-7000-8000-${String(n).padStart(12, "0")}`
      assert.strictEqual((yield* post("/api/verbs/Stepped.cancel", { id, reason: "a test" }, as("vera"))).status, 403)
    }
    const denied = yield* repo.operations({ outcome: "denied", limit: 1000 })
    // one more comes with each half minute
    assert.isAtLeast(denied.length, deniedMost)
    assert.isBelow(denied.length, asked)
    yield* post("/api/verbs/ActionRepo.delete", { id: none, reason: "a test" }, as("olga"))
    assert.lengthOf(yield* repo.operations({ outcome: "denied", by: "olga" }), 1)
  })
)

const nobody = { subject: "nora", roles: [], mayReadPayloads: false }
const layers: Readonly<Record<string, Layer.Layer<Http.Authorization>>> = {
  "`Http.authorization`": Http.authorization(() => Effect.succeed(nobody)),
  "a layer of the program's own": Layer.succeed(
    Http.Authorization,
    Http.Authorization.of((response) => Effect.provideService(response, Http.Operator, nobody))
  )
}

for (const [by, authorization] of Object.entries(layers)) {
  test(
    `21.3: whoever has no role, by ${by}, may neither look nor act, and what they asked for is recorded`,
    Effect.gen(function*() {
      const { get, post } = yield* servingApi({ authorization })
      const repo = yield* ActionRepo
      for (const [group, { endpoints }] of Object.entries(Http.Api.groups)) {
        for (const { identifier, method, path } of Object.values(endpoints)) {
          const name = `${group}.${identifier}`
          const url = `${path.replace(":id", none)}?${needed[name] ?? ""}`
          const verb = name.replace("verbs.", "")
          const body = bodiesOf[name] ?? { ...verbInputs[verb] ?? { id: none }, reason: "a test" }
          const { body: said, status } = yield* method === "GET" ? get(url, as("nora")) : post(url, body, as("nora"))
          assert.deepStrictEqual([status, said._tag], [403, "Forbidden"], name)
          assert.include(said.message, "no role", name)
        }
      }
      const denied = yield* repo.operations({ outcome: "denied", limit: 1000 })
      assert.deepStrictEqual([...new Set(denied.map(({ by }) => by))], ["nora"])
      const told = ["Stepped.send", "Stepped.complete"]
      const ofMany = bodiesOf["many.start"] as { readonly verb: { readonly verb: string } }
      assert.sameMembers(
        [...new Set(denied.map(({ verb }) => verb))],
        [...new Set([...verbsOfOne, ...told, ofMany.verb.verb])]
      )
    })
  )
}
