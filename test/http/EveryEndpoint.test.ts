/** What nobody should send, to every endpoint that there is and in every field: one without an entry in `inputs.ts` fails here. */
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { Api } from "stepped/http"
import { performSteppedActions } from "stepped/testing"
import { embedded, healthy } from "../harness/databases.ts"
import { Cars } from "./fixtures/cars.ts"
import { bodiesOf, needed, none, queries, verbInputs, wrong } from "./fixtures/inputs.ts"
import { nasty } from "./fixtures/nasty.ts"
import { as, known, servingApi } from "./fixtures/serving.ts"

/** What an endpoint takes, as its schemas say. */
interface Endpoint {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly query: ReadonlyArray<string>
  readonly payload: Schema.Top | undefined
}

const fieldsOf = (schema: Schema.Top | undefined): ReadonlyArray<string> =>
  schema?.ast._tag === "Objects" ? schema.ast.propertySignatures.map(({ name }) => String(name)) : []

const endpoints = Object.entries(Api.groups).flatMap(([group, { endpoints }]) =>
  Object.values(endpoints).map(({ identifier, method, path, payload, query }): Endpoint => ({
    name: `${group}.${identifier}`,
    method,
    path,
    query: fieldsOf(query),
    payload: [...payload.values()][0]?.schemas[0]
  }))
)

const takesNothing = ({ path, payload, query }: Endpoint) =>
  query.length === 0 && payload === undefined && !path.includes(":")

const bodyOf = (name: string): object =>
  bodiesOf[name] ?? { ...verbInputs[name.replace("verbs.", "")] ?? { id: none }, reason: "a test" }

/** Whether a body fits: what is not known does not. */
const takes = (payload: Schema.Top, body: unknown): boolean =>
  Exit.isSuccess(
    Schema.decodeUnknownExit(payload as Schema.Codec<unknown>, { onExcessProperty: "error" })(body)
  )

/** Of every table, what is in it. */
const stored = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const tables = yield* sql<{ name: string }>`select table_name as name from information_schema.tables
    where table_schema = 'stepped' and table_type = 'BASE TABLE' order by 1`
  return yield* Effect.forEach(tables, ({ name }) =>
    Effect.map(
      sql<{ rows: string | null }>`select string_agg(t::text, ',' order by t::text) as rows from ${
        sql(`stepped.${name}`)
      } t`,
      ([found]) => [name, found?.rows] as const
    ))
})

it("21.1: every endpoint has an entry, and every field of a query", () => {
  for (const { name, payload, query } of endpoints) {
    assert.isTrue(Object.hasOwn(queries, name), `${name} has no entry in inputs.ts`)
    for (const field of query) assert.isDefined(queries[name]![field], `${field} of ${name} has no entry in inputs.ts`)
    const body = bodyOf(name)
    if (payload !== undefined) assert.isTrue(takes(payload, body), `${name} has no body in inputs.ts that it takes`)
  }
  // what is looked through has not become another shape
  assert.isAtLeast(endpoints.filter(({ query }) => query.length > 0).length, 12)
  assert.isAtLeast(endpoints.filter(({ payload }) => fieldsOf(payload).length > 1).length, 25)
})

it.effect("21.1, 21.3: every endpoint refuses bad values, or finds nothing, and changes nothing", () =>
  Effect.gen(function*() {
    yield* (yield* Cars.client)(1).visitLater("London")
    yield* performSteppedActions()
    const before = yield* stored
    const { get, post } = yield* servingApi({ authorization: known })
    const asked = new Map<string, number>()
    const ask = ({ method, name, path }: Endpoint, query: string, body?: unknown, id = none) =>
      Effect.gen(function*() {
        asked.set(name, (asked.get(name) ?? 0) + 1)
        const url = `${path.replace(":id", encodeURIComponent(id))}?${query}`
        return yield* method === "GET" ? get(url, as("ada")) : post(url, body, as("ada"))
      })
    const oneOf = (
      statuses: ReadonlyArray<number>,
      answer: { readonly status: number; readonly body: any },
      what: string
    ) => {
      assert.include(statuses, answer.status, `${what}: ${JSON.stringify(answer.body)}`)
      // what is no path at all the router answers
      if (answer.status === 400) assert.isString(answer.body.message, what)
    }

    for (const endpoint of endpoints) {
      const { name, path, query } = endpoint
      const also = needed[name] === undefined ? "" : `&${needed[name]}`
      for (const field of query) {
        const kind = queries[name]![field]!
        for (const value of nasty) {
          // an empty one is none, and opens the stream
          if (name === "live.events" && value === "") continue
          const rest = field === "name" ? "" : also
          const answer = yield* ask(endpoint, `${field}=${encodeURIComponent(value)}${rest}`)
          const isNumber = kind === "counted" && value === "-1"
          oneOf(
            kind === "typed" || kind === "counted" && !isNumber ? [400] : [200, 400, 404],
            answer,
            `${name} ${field} ${value}`
          )
          if (kind !== "text" || value === "" || answer.status !== 200) continue
          const { body } = answer
          const found = body.items ?? body.groups ?? body
          assert.deepStrictEqual([found, body.count ?? 0], [[], 0], `${name} ${field} ${value}`)
        }
      }
      if (takesNothing(endpoint)) {
        for (const value of nasty) {
          oneOf([400], yield* ask(endpoint, `x=${encodeURIComponent(value)}`), `${name} ${value}`)
        }
        oneOf([200, 204], yield* ask(endpoint, ""), name)
      }
      for (const value of path.includes(":id") ? nasty.filter((value) => value !== "") : []) {
        oneOf([400, 404], yield* ask(endpoint, also, bodyOf(name), value), `${name} ${value}`)
      }
    }

    for (const endpoint of endpoints) {
      const { name, payload } = endpoint
      if (payload === undefined) continue
      for (const body of [null, [], "x", 1, true, {}]) {
        oneOf([400], yield* ask(endpoint, "", body), `${name} ${JSON.stringify(body)}`)
      }
      for (const field of fieldsOf(payload)) {
        for (const value of wrong) {
          const body = { ...bodyOf(name), [field]: value }
          if (takes(payload, body)) continue
          const answer = yield* ask(endpoint, "", body)
          oneOf([400], answer, `${name} ${field} ${JSON.stringify(value)}`)
          assert.include(answer.body.message, `"${field}"`, `${name} ${JSON.stringify(value)}`)
        }
      }
    }

    for (const { name } of endpoints) assert.isAtLeast(asked.get(name) ?? 0, 15, name)
    assert.deepStrictEqual(yield* stored, before)
    yield* healthy
  }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(Cars.layer, embedded.layer()))))

/** Objects in a body whose fields are known; what a program has described is its own. */
const inner: Readonly<Record<string, ReadonlyArray<string>>> = {
  "many.plan": ["filter", "verb"],
  "many.start": ["filter", "verb", "plan"],
  "verbs.JobQueue.pause": ["target"],
  "verbs.JobQueue.resume": ["target"]
}

it.effect("21.1: every endpoint refuses a field that it does not know, by its name, and nothing is done", () =>
  Effect.gen(function*() {
    yield* (yield* Cars.client)(1).visitLater("London")
    yield* performSteppedActions()
    const before = yield* stored
    const { get, post } = yield* servingApi({ authorization: known })
    const refused = (
      { body, status }: { readonly status: number; readonly body: any },
      field: string,
      what: string
    ) => {
      assert.deepStrictEqual([status, body._tag, body.field], [400, "BadRequest", field], what)
      assert.include(body.message, `["${field.split(".").at(-1)}"]`, what)
    }
    let asked = 0
    for (const { method, name, path, payload, query } of endpoints) {
      const url = path.replace(":id", none)
      const ask = (search: string, body: object) =>
        Effect.tap(
          method === "GET" ? get(`${url}?${search}`, as("ada")) : post(`${url}?${search}`, body, as("ada")),
          () => Effect.sync(() => asked++)
        )
      const body = bodyOf(name)
      const also = needed[name] === undefined ? "" : `${needed[name]}&`
      for (const field of ["dryRun", ...query.map((field) => `${field}s`)]) {
        refused(yield* ask(`${also}${field}=true`, body), field, `${name} ${field}`)
      }
      if (payload === undefined) continue
      for (const field of fieldsOf(payload)) {
        const strange = `${field.slice(0, -1)}X`
        const answer = yield* ask("", { ...body, [strange]: "x" })
        refused(answer, strange, `${name} ${strange}`)
        // and what there is in its place
        assert.include(answer.body.message, field, name)
      }
      for (const field of inner[name] ?? []) {
        const within = (body as Record<string, object>)[field]
        const answer = yield* ask("", { ...body, [field]: { ...within, statuse: ["failed"] } })
        refused(answer, `${field}.statuse`, `${name} ${field}`)
      }
    }
    assert.isAbove(asked, 150)
    assert.deepStrictEqual(yield* stored, before)
    // whoever is not known learns nothing of that
    assert.strictEqual((yield* post("/api/verbs/Stepped.cancel?x=1", { x: 1 })).status, 401)
    yield* healthy
  }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(Cars.layer, embedded.layer()))))
