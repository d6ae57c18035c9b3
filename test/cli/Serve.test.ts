/** `stepped serve`: the API and the dashboard of a database, without a worker, for whom it is told. */
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Redacted } from "effect"
import { garage, type Lines, printing, until } from "./fixtures/garage.ts"
import { proxied } from "./fixtures/proxied.ts"

const token = "an-operator-s-token"

/** Serves the database until the scope closes; gives where. */
const serving = (url: string, args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function*() {
    const lines: Lines = { out: [], err: [] }
    yield* Effect.forkScoped(
      Effect.provideService(
        printing(lines, ["serve", "--port", "0", "--url", url, ...args]),
        ConfigProvider.ConfigProvider,
        ConfigProvider.fromUnknown(env)
      )
    )
    yield* until("it serves", Effect.sync(() => lines.out.length + lines.err.length > 0))
    const [, origin = ""] = /serves (http:\/\/\S+)\/dashboard\//.exec(lines.out.join("\n")) ?? []
    assert.notStrictEqual(origin, "", lines.err.join("\n"))
    return origin
  })

describe("with --json", () => {
  it.live("21.6: says where it serves as an object", () =>
    Effect.gen(function*() {
      const { url } = yield* garage
      const lines: Lines = { out: [], err: [] }
      yield* Effect.forkScoped(
        printing(lines, ["serve", "--port", "0", "--json", "--url", Redacted.value(url)])
      )
      yield* until("it serves", Effect.sync(() => lines.out.length + lines.err.length > 0))
      const { dashboard, docs } = JSON.parse(lines.out.join("\n"))
      assert.match(dashboard, /^http:\/\/\S+\/dashboard\/$/)
      assert.match(docs, /^http:\/\/\S+\/api\/docs$/)
    }).pipe(Effect.scoped))
})

const asked = (url: string, init: RequestInit = {}) =>
  Effect.promise(async () => {
    const answer = await fetch(url, init)
    const text = await answer.text()
    return { status: answer.status, headers: answer.headers, text }
  })

const cancel = (id: string, headers: Readonly<Record<string, string>>) => ({
  method: "POST",
  body: JSON.stringify({ id, reason: "a test" }),
  headers: { "content-type": "application/json", ...headers }
})

describe("stepped serve", () => {
  it.live("21.6: serves this machine alone, where no token is set", () =>
    Effect.gen(function*() {
      const { client, url } = yield* garage
      const { id } = yield* client(1).with({ delay: "1 day" }).visitLater("London")
      const origin = yield* serving(Redacted.value(url), [])
      const actions = yield* asked(`${origin}/api/actions`)
      assert.strictEqual(actions.status, 200)
      assert.include(actions.text, id)
      assert.strictEqual((yield* asked(`${origin}/dashboard/`)).status, 200)
      const passedOn = yield* asked(`${origin}/api/actions`, { headers: { "x-forwarded-for": "10.0.0.1" } })
      assert.strictEqual(passedOn.status, 403)
      const foreign = yield* asked(`${origin}/api/verbs/Stepped.cancel`, cancel(id, { origin: "https://evil.example" }))
      assert.strictEqual(foreign.status, 403)
      const one = yield* asked(`${origin}/api/actions/${id}`)
      assert.include(one.text, "\"because\":\"notAllowed\"")
    }).pipe(Effect.scoped))

  it.live("21.6: serves a database, and no other API", () =>
    Effect.gen(function*() {
      const lines: Lines = { out: [], err: [] }
      const { code, err } = yield* Effect.provideService(
        printing(lines, ["serve", "--port", "0"]),
        ConfigProvider.ConfigProvider,
        ConfigProvider.fromUnknown({ STEPPED_URL: "http://127.0.0.1:1" })
      )
      assert.deepStrictEqual([code, lines.out], [2, []])
      assert.include(err, "STEPPED_URL names an API, and this serves a database")
    }))

  it.live("21.6: serves who shows the token, also below a path behind a proxy that changes Host", () =>
    Effect.gen(function*() {
      const { announced, client, url } = yield* garage
      const { id } = yield* client(1).with({ delay: "1 day" }).visitLater("London")
      // what nobody has described is hidden
      yield* announced
      const env = { STEPPED_TOKEN: token }
      const own = "https://ops.example.com"
      const origin = yield* serving(Redacted.value(url), ["--payloads", "--origin", own], env)
      const there = yield* proxied(origin, "/ops/stepped")
      const bearer = { authorization: `Bearer ${token}` }
      for (const headers of [{}, { authorization: "Bearer another" }]) {
        assert.strictEqual((yield* asked(`${there.url}/api/actions`, { headers })).status, 401)
      }
      const one = yield* asked(`${there.url}/api/actions/${id}`, { headers: bearer })
      assert.strictEqual(one.status, 200)
      assert.include(one.text, "\"value\":[\"London\"]")
      const page = yield* asked(`${there.url}/dashboard/`)
      const [, script = ""] = /src="([^"]+)"/.exec(page.text) ?? []
      assert.strictEqual((yield* asked(`${there.url}/dashboard/${script}`)).status, 200)
      // a browser: the token once, a cookie from then on
      const post = { method: "POST", headers: { ...bearer, origin: own } }
      const signedIn = yield* asked(`${there.url}/api/session`, post)
      const cookie = signedIn.headers.get("set-cookie") ?? ""
      assert.match(cookie, /^stepped=[^;]+;.*HttpOnly.*Secure|^stepped=[^;]+;.*Secure.*HttpOnly/i)
      const [shown = ""] = cookie.split(";")
      const verb = `${there.url}/api/verbs/Stepped.cancel`
      const foreign = yield* asked(verb, cancel(id, { cookie: shown, origin: "https://evil.example" }))
      assert.strictEqual(foreign.status, 403)
      assert.include((yield* asked(verb, cancel(id, { cookie: shown, origin: own }))).text, "\"outcome\":\"done\"")
      // a program: the command
      const remote = (...args: ReadonlyArray<string>) =>
        Effect.provideService(
          printing({ out: [], err: [] }, args),
          ConfigProvider.ConfigProvider,
          ConfigProvider.fromUnknown({ STEPPED_URL: there.url, ...env })
        )
      const operations = yield* remote("operations")
      assert.strictEqual(operations.code, 0, operations.err)
      assert.match(operations.out, /token .*Stepped\.cancel|Stepped\.cancel.* token/)
    }).pipe(Effect.scoped))

  it.live("21.6: says what it takes", () =>
    Effect.gen(function*() {
      const wrong: ReadonlyArray<readonly [ReadonlyArray<string>, string]> = [
        [["--host", "0.0.0.0"], "set STEPPED_TOKEN"],
        [["--port", "70000"], "from 0 to 65535"],
        [["--origin", "https://ops.example.com/"], "a scheme and a host"],
        [["--origin", "ops.example.com"], "a scheme and a host"]
      ]
      for (const [args, says] of wrong) {
        const { code, err } = yield* printing({ out: [], err: [] }, [
          "serve",
          "--url",
          "postgres://localhost/x",
          ...args
        ])
        assert.strictEqual(code, 2, args.join(" "))
        assert.include(err, says)
      }
    }))
})
