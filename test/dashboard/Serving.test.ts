/** How the dashboard is served: from memory, under its policy, wherever a program or a proxy puts it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import * as Dashboard from "stepped/dashboard"
import { afterAll } from "vitest"

const disposed: Array<() => Promise<void>> = []
afterAll(() => Promise.all(disposed.map((dispose) => dispose())))

const serving = (options?: Dashboard.DashboardOptions) => {
  const { dispose, handler } = HttpRouter.toWebHandler(
    Dashboard.layer(options).pipe(Layer.provide(HttpServer.layerServices)),
    { disableLogger: true }
  )
  disposed.push(dispose)
  return (path: string, headers: Record<string, string> = {}) =>
    handler(new Request(`http://stepped.test${path}`, { headers, redirect: "manual" }))
}

/** What the page loads: addresses as they stand in it. */
const loaded = (page: string): ReadonlyArray<string> =>
  [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address!)
    .filter((one) => !one.startsWith("data:") && !one.startsWith("licences"))

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
  "frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'"

describe("the dashboard", () => {
  it("has the policy with every answer, and no script or style within the page", async () => {
    const get = serving()
    const answer = await get("/dashboard/")
    assert.strictEqual(answer.status, 200)
    assert.strictEqual(answer.headers.get("content-security-policy"), policy)
    assert.strictEqual(answer.headers.get("x-content-type-options"), "nosniff")
    assert.strictEqual(answer.headers.get("referrer-policy"), "no-referrer")
    const page = await answer.text()
    assert.notMatch(page, /<script[^>]*>[^<]|<style|style=|\son\w+=/)
    for (const address of loaded(page)) {
      const asset = await get(`/dashboard/${address}`)
      assert.strictEqual(asset.status, 200)
      assert.strictEqual(asset.headers.get("content-security-policy"), policy)
    }
  })

  it("loads nothing from elsewhere, and names its files by what is in them: browsers keep these, and ask for the page again", async () => {
    const get = serving()
    const answer = await get("/dashboard/")
    assert.strictEqual(answer.headers.get("cache-control"), "no-cache")
    const addresses = loaded(await answer.text())
    assert.lengthOf(addresses, 2)
    for (const address of addresses) {
      assert.match(address, /^app-[\w-]{16}\.(js|css)$/)
      const asset = await get(`/dashboard/${address}`)
      assert.strictEqual(asset.headers.get("cache-control"), "public, max-age=31536000, immutable")
    }
    const again = await get("/dashboard/", { "if-none-match": answer.headers.get("etag")! })
    assert.strictEqual(again.status, 304)
    assert.strictEqual(again.headers.get("content-security-policy"), policy)
  })

  it("is packed for who takes that, and plain for who does not", async () => {
    const get = serving()
    const [script = ""] = loaded(await (await get("/dashboard/")).text()).filter((one) => one.endsWith(".js"))
    const plain = await get(`/dashboard/${script}`)
    assert.strictEqual(plain.headers.get("content-encoding"), null)
    const packed = await get(`/dashboard/${script}`, { "accept-encoding": "gzip, br" })
    assert.strictEqual(packed.headers.get("content-encoding"), "gzip")
    assert.strictEqual(packed.headers.get("vary"), "accept-encoding")
    const body = packed.body!.pipeThrough(new DecompressionStream("gzip"))
    assert.strictEqual(await new Response(body).text(), await plain.text())
  })

  it("is small: what the page loads is 72 kB, packed", async () => {
    const get = serving()
    const addresses = loaded(await (await get("/dashboard/")).text())
    const sizes = await Promise.all(addresses.map(async (address) => {
      const packed = await get(`/dashboard/${address}`, { "accept-encoding": "gzip" })
      return (await packed.arrayBuffer()).byteLength
    }))
    assert.lengthOf(sizes, 2)
    assert.isBelow(sizes.reduce((a, b) => a + b, 0), 72 * 1024)
  })

  it("leads to the page with a slash, beside itself, so that a proxy's path before it stays", async () => {
    const answer = await serving({ path: "/ops/stepped" })("/ops/stepped")
    assert.strictEqual(answer.status, 302)
    assert.strictEqual(answer.headers.get("location"), "stepped/")
  })

  it("is told where the API is: above its own path, or where the program says", async () => {
    const told = async (options: Dashboard.DashboardOptions) => {
      const page = await (await serving(options)(`${options.path ?? "/dashboard"}/`.replace("//", "/"))).text()
      const [, content = ""] = /<meta name="stepped" content="([^"]*)">/.exec(page) ?? []
      const plain = content.replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
      return JSON.parse(plain) as unknown
    }
    assert.deepStrictEqual(await told({}), { api: "../" })
    assert.deepStrictEqual(await told({ path: "/" }), { api: "./" })
    assert.deepStrictEqual(await told({ path: "/ops/stepped" }), { api: "../../" })
    assert.deepStrictEqual(await told({ api: "/engine/", traces: "https://traces.test/{traceId}?\"<b>" }), {
      api: "/engine/",
      traces: "https://traces.test/{traceId}?\"<b>"
    })
  })

  it("names the licences of what is in its script", async () => {
    const get = serving()
    const page = await (await get("/dashboard/")).text()
    const [licences = ""] = /licences-[\w-]{16}\.txt/.exec(page) ?? []
    const answer = await get(`/dashboard/${licences}`)
    const text = await answer.text()
    for (const name of ["preact", "@preact/signals", "uplot", "d3-hierarchy"]) assert.include(text, `${name}\n`)
  })

  it.effect("is not served where a setting is wrong: it says which, and what it takes", () =>
    Effect.gen(function*() {
      const wrong: ReadonlyArray<readonly ["path" | "api" | "traces", string]> = [
        ["path", ""],
        ["path", "dashboard"],
        ["path", "/a/"],
        ["path", "/:id"],
        ["path", "/a b"],
        ["path", "/*"],
        ["api", "https://elsewhere.test/"],
        ["api", "//elsewhere.test/"],
        ["api", "api"],
        ["traces", "javascript:alert({traceId})"],
        ["traces", "https://traces.test/"],
        ["traces", "//traces.test/{traceId}"]
      ]
      for (const [field, value] of wrong) {
        const error = yield* Effect.flip(Effect.scoped(Layer.build(
          Dashboard.layer({ [field]: value }).pipe(Layer.provide(HttpRouter.layer))
        )))
        assert.strictEqual(error._tag, "InvalidDashboardOptions")
        assert.strictEqual(error.field, field)
        assert.include(error.message, JSON.stringify(value))
        assert.match(error.message, /such as/)
      }
    }))
})
