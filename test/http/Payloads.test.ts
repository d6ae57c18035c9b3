/** What of stored payloads is sent to whom: nothing secret, and nothing that nobody has described. */
import { assert, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { ActionRepo, JobQueue, Stepped } from "stepped"
import { layerWorkers, until } from "../harness/workers.ts"
import { Banks, iban } from "./fixtures/banks.ts"
import { Cars, go } from "./fixtures/cars.ts"
import { as, known, servingApi } from "./fixtures/serving.ts"

const secret = "4111-1111"
const card = { owner: "Ann", number: Redacted.make(secret) }

const described = until(
  "workers have said what they have",
  Effect.map(Effect.flatMap(JobQueue, (queue) => queue.definitions({ actorType: "Car" })), ({ length }) => length > 0)
)

it.live("21.3: payloads are for who may read them, without what is secret in them", () =>
  Effect.gen(function*() {
    const cars = yield* Cars.client
    const paid = yield* cars(1).payLater(card, Redacted.make("pin-1234"))
    yield* paid.await
    const failed = yield* cars(2).visitLater("nowhere")
    yield* Effect.exit(failed.await)
    const asked = yield* cars(3).askLater()
    yield* asked.send(go, { by: "Bob", pin: Redacted.make("pin-5678") })
    assert.strictEqual(yield* asked.await, "Bob")
    const outside = yield* cars(4).outsideLater()
    yield* until(
      "it is heard of",
      Effect.map(Stepped.heartbeat(outside.id, { said: "Bob" }), (heard) => heard === "heard")
    )
    yield* described
    const { get } = yield* servingApi({ authorization: known })
    const paths = [paid, failed, asked, outside].flatMap(({ id }) =>
      ["", "/steps", "/results", "/tree", "/why", "/signals"].map((path) => `/api/actions/${id}${path}`)
    )
    for (const path of [...paths, "/api/actions", "/api/errors", "/api/queued", "/api/achievements"]) {
      for (const name of ["vera", "ada"]) {
        const { body, status } = yield* get(path, as(name))
        assert.strictEqual(status, 200, path)
        const text = JSON.stringify(body)
        for (const word of [secret, "pin-1234", "pin-5678", "s3cret"]) assert.notInclude(text, word, `${path} ${name}`)
        if (name === "vera") { for (const word of ["Ann", "Bob", "\"left\""]) assert.notInclude(text, word, path) }
      }
    }
    const seen = yield* get(`/api/actions/${paid.id}`, as("ada"))
    assert.deepStrictEqual(seen.body.arguments, {
      _tag: "Shown",
      value: [{ owner: "Ann", number: "<redacted>" }, "<redacted>"],
      isRedacted: true
    })
    assert.deepStrictEqual(seen.body.result.value, { owner: "Ann", number: "<redacted>" })
    const unseen = yield* get(`/api/actions/${paid.id}`, as("vera"))
    assert.deepStrictEqual(unseen.body.arguments, { _tag: "Hidden", because: "notAllowed" })
    const { body: { cause } } = yield* get(`/api/actions/${failed.id}`, as("ada"))
    assert.deepStrictEqual(cause.error.value, { _tag: "Flat", tyre: "left", code: "<redacted>" })
    const [signal] = (yield* get(`/api/actions/${asked.id}/signals`, as("ada"))).body
    assert.deepStrictEqual(signal.payload.value, { by: "Bob", pin: "<redacted>" })
  }).pipe(Effect.scoped, Effect.provide(layerWorkers(Cars.layer, { engines: 1 }))))

it.live("21.3: messages that errors have been given are for who may look, and not those made of an error's fields", () =>
  Effect.gen(function*() {
    const bank = yield* Banks.client
    const lent = yield* bank(1).lendLater()
    const ended = [yield* bank(2).tourLater(), yield* bank(3).chargeLater(), yield* bank(4).countLater()]
    ended.push(yield* bank(5).crashLater(), yield* bank(6).rentLater(), yield* bank(7).tallyLater())
    for (const handle of ended) yield* Effect.exit(handle.await)
    const repo = yield* ActionRepo
    const status = Effect.map(repo.list({ held: true }), ({ length }) => length === 1)
    yield* until("it is held", status)
    const { get, post } = yield* servingApi({ authorization: known })
    const ids = [lent, ...ended].map(({ id }) => id)
    const paths = ids.flatMap((id) =>
      ["", "/steps", "/results", "/tree", "/why"].map((path) => `/api/actions/${id}${path}`)
    )
    const filter = { actorType: "Bank" }
    const plan = { filter, verb: { verb: "Stepped.cancel" } }
    const seen = (name: string) =>
      Effect.gen(function*() {
        const texts = []
        for (const path of [...paths, "/api/actions", "/api/errors", "/api/attention"]) {
          const { body, status } = yield* get(path, as(name))
          assert.strictEqual(status, 200, path)
          if (name === "vera") assert.notInclude(JSON.stringify(body), iban, path)
          texts.push(JSON.stringify(body))
        }
        const planned = yield* post("/api/many/plan", plan, as(name))
        assert.strictEqual(planned.status, 200)
        return [...texts, JSON.stringify(planned.body)]
      })
    for (const text of yield* seen("vera")) assert.notInclude(text, iban)
    const inFull = yield* seen("ada")
    for (const name of ["NoFunds", "Declined"]) assert.include(inFull.join(), name)
    assert.isAtLeast(inFull.filter((text) => text.includes(`NoFunds account ${iban}`)).length, 10)
    const messages = Effect.fnUntraced(function*(name: string) {
      return yield* Effect.forEach(
        ended,
        ({ id }) => Effect.map(get(`/api/actions/${id}`, as(name)), ({ body }) => body.cause.message)
      )
    })
    const declined = "Declined: the bank has declined"
    assert.deepStrictEqual(yield* messages("vera"), [
      "NoFunds",
      declined,
      "(withheld)",
      "No road leads there",
      declined,
      "(withheld)"
    ])
    assert.deepStrictEqual(yield* messages("ada"), [
      `NoFunds account ${iban}`,
      declined,
      JSON.stringify({ account: iban }),
      "No road leads there",
      declined,
      JSON.stringify({ _tag: 5, account: iban })
    ])
    // who looks on is told what everybody may be told
    const changed = yield* repo.changed(new Date(0))
    assert.notInclude(JSON.stringify(changed), iban)
    const told = new Map(changed.map(({ id, message }) => [id, message]))
    assert.deepStrictEqual(ended.map(({ id }) => told.get(id)), yield* messages("vera"))
    const { body } = yield* get("/api/attention", as("vera"))
    assert.match(body.notUndone[0].steps[0], /^rent: .*\(withheld\)$/)
    assert.match(body.stuck[0].reasons[0], /, after: NoFunds$/)
  }).pipe(Effect.scoped, Effect.provide(layerWorkers(Banks.layer, { engines: 1 }))))

it.live("21.3: messages of what is not stored as data, as defects, have none of its fields, wherever they are told", () =>
  Effect.gen(function*() {
    const bank = yield* Banks.client
    const ended = [
      yield* bank(1).loseLater(),
      yield* bank(2).tripLater(),
      yield* bank(3).spillLater(),
      yield* bank(4).slipLater(),
      yield* bank(5).fallLater()
    ]
    for (const handle of ended) {
      const end: Effect.Effect<void, unknown> = handle.await
      yield* Effect.exit(end)
    }
    const repo = yield* ActionRepo
    const { get } = yield* servingApi({ authorization: known })
    const paths = ended.flatMap(({ id }) => ["", "/steps", "/tree", "/why"].map((path) => `/api/actions/${id}${path}`))
    for (const path of [...paths, "/api/actions", "/api/errors", "/api/attention"]) {
      const { body, status } = yield* get(path, as("vera"))
      assert.strictEqual(status, 200, path)
      assert.notInclude(JSON.stringify(body), iban, path)
    }
    assert.notInclude(JSON.stringify(yield* repo.changed(new Date(0))), iban)
    for (const [i, message] of ["NoFunds", "NoFunds", "a value that is no error", "Short"].entries()) {
      for (const name of ["vera", "ada"]) {
        const { body } = yield* get(`/api/actions/${ended[i]!.id}`, as(name))
        assert.strictEqual(body.cause.message, message)
      }
    }
    // who may read it finds it in what is printed
    for (const { id } of ended.filter((_, i) => i !== 1)) {
      const { body: { cause } } = yield* get(`/api/actions/${id}`, as("ada"))
      assert.include(cause.pretty, iban)
    }
    const { body: { cause } } = yield* get(`/api/actions/${ended[4]!.id}`, as("vera"))
    assert.strictEqual(cause.message, "retry has failed (NoFunds), after the step had: NoFunds")
  }).pipe(Effect.scoped, Effect.provide(layerWorkers(Banks.layer, { engines: 1 }))))

it.live("21.3: what nobody has described is hidden whole, and so is what no version of a definition takes", () =>
  Effect.gen(function*() {
    const cars = yield* Cars.client
    const { id } = yield* Effect.tap(cars(1).visitLater("London"), ({ await: ended }) => ended)
    yield* described
    const sql = yield* SqlClient.SqlClient
    yield* sql`update stepped.ended_actions set arguments = '["London", "more"]' where id = ${id}::uuid`
    const first = yield* servingApi({ authorization: known })
    const more = yield* first.get(`/api/actions/${id}`, as("ada"))
    assert.deepStrictEqual(more.body.arguments, { _tag: "Hidden", because: "unknown" })
    assert.strictEqual(more.body.result.value, "parked in London")
    yield* sql`delete from stepped.definitions`
    const second = yield* servingApi({ authorization: known })
    const { body } = yield* second.get(`/api/actions/${id}`, as("ada"))
    assert.deepStrictEqual([body.arguments, body.result], [{ _tag: "Hidden", because: "unknown" }, {
      _tag: "Hidden",
      because: "unknown"
    }])
  }).pipe(Effect.scoped, Effect.provide(layerWorkers(Cars.layer, { engines: 1 }))))

it.live("21.3: where there are more versions of a definition than are looked at, its payloads are hidden whole", () =>
  Effect.gen(function*() {
    const cars = yield* Cars.client
    const { id } = yield* Effect.tap(cars(1).payLater(card, Redacted.make("pin-1234")), ({ await: ended }) => ended)
    yield* described
    const sql = yield* SqlClient.SqlClient
    /** Versions that came later, by which nothing is secret any more. */
    const add = (from: number, to: number) =>
      sql.unsafe(`insert into stepped.definitions (key, hash, json, first_seen, last_seen)
        select key, 'later ' || n, jsonb_set(jsonb_set(json, '{arguments,0,redacted}', '[]'), '{arguments,1,redacted}', '[]'),
          first_seen + interval '1 hour', last_seen
        from stepped.definitions, generate_series(${from}, ${to}) n where key = 'Car/pay' and hash not like 'later %'`)
    yield* add(1, 99)
    const seen = yield* (yield* servingApi({ authorization: known })).get(`/api/actions/${id}`, as("ada"))
    assert.deepStrictEqual(seen.body.arguments.value, [{ owner: "Ann", number: "<redacted>" }, "<redacted>"])
    yield* add(100, 100)
    const { body } = yield* (yield* servingApi({ authorization: known })).get(`/api/actions/${id}`, as("ada"))
    const unknown = { _tag: "Hidden", because: "unknown" }
    assert.deepStrictEqual([body.arguments, body.result], [unknown, unknown])
  }).pipe(Effect.scoped, Effect.provide(layerWorkers(Cars.layer, { engines: 1 }))))
