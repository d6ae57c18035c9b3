/** Lists that are long: all of them is found, page by page, and the browser has no more of it than is looked at. */
import { Context, Effect, Exit, Redacted, Scope } from "effect"
import { SqlClient } from "effect/sql"
import type { Browser, Page } from "playwright-core"
import { PerformanceLane } from "stepped"
import { afterAll, assert, beforeAll, it } from "vitest"
import { layerUrl } from "../harness/Server.ts"
import { describeInBrowser, launch, open, violations } from "./fixtures/Browser.ts"
import { type Served, served } from "./fixtures/served.ts"

const padded = (n: number) => String(n).padStart(4, "0")

/** Of everything a thousand, but for lanes and operations, which are shown by the hundred. */
const store = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`insert into stepped.workers (name, build, lease_until, started_at)
    select 'mill ' || lpad(i::text, 4, '0'), 'mill-1', now() + interval '1 day', now() from generate_series(1, 1000) i`
  // of one that comes early in their order more versions than a page has, and a thousand that come after it
  yield* sql`insert into stepped.definitions (key, hash, json, first_seen, last_seen)
    select x.key, x.hash, d.json, now() - interval '2 days', now() - interval '1 day'
    from (select 'Baker/knead', 'version ' || i from generate_series(1, 1200) i
      union all select 'Mill/grind' || lpad(i::text, 4, '0'), 'only' from generate_series(1, 600) i) x(key, hash)
    cross join (select json from stepped.definitions where key = 'Order/wedding' limit 1) d`
  const lanes = yield* PerformanceLane
  yield* Effect.forEach(
    Array.from({ length: 120 }, (_, i) => i),
    (i) => lanes.pause(["shelf", padded(i)], { reason: `cleaned, ${padded(i)}`, by: i < 110 ? "anna" : "otto" })
  )
})

describeInBrowser("long lists in the dashboard", () => {
  const scope = Scope.makeUnsafe()
  let bakery: Served
  let browser: Browser

  beforeAll(async () => {
    browser = await launch()
    bakery = await Effect.runPromise(Scope.provide(served(), scope))
    // a worker says some seconds after its start what it has
    await Effect.runPromise(bakery.hasSaid)
    await Effect.runPromise(
      store.pipe(
        Effect.andThen(
          Effect.forEach(Array.from({ length: 120 }, (_, i) => i), (i) => bakery.orders(1000 + i).weddingLater(9))
        ),
        Effect.provide(layerUrl(Redacted.make(bakery.database))),
        Effect.provideContext(Context.pick(PerformanceLane)(bakery.services))
      )
    )
  })
  afterAll(async () => {
    await browser?.close()
    await Effect.runPromise(Scope.close(scope, Exit.void))
  })

  const at = (place = "") => `${bakery.origin}/dashboard/#/${place}`
  const rows = (page: Page) => page.locator("main tbody tr")
  const onward = (page: Page) => page.getByRole("link", { name: "More of them" })

  it("of lanes go on page by page, in their order, and back to the first", async () => {
    const { context, page, wrong } = await open(browser, at("lanes"))
    await page.getByText("Order/1000/wedding", { exact: true }).waitFor()
    // the last ones may be on their way still
    await onward(page).waitFor()
    assert.strictEqual(await rows(page).count(), 100)
    assert.deepStrictEqual(await violations(page), [])
    await onward(page).click()
    await page.getByText("Order/1119/wedding", { exact: true }).waitFor()
    assert.strictEqual(await rows(page).count(), 20)
    assert.strictEqual(await onward(page).count(), 0)
    // it begins at its top, and the keyboard with it
    assert.isTrue(await page.evaluate(() => document.activeElement === document.querySelector("main") && scrollY === 0))
    // what is done with one of them is seen, and the page stays
    await page.getByRole("button", { name: "Pause: lane Order/1119/wedding" }).click()
    await page.getByLabel("Reason").fill("the couple is late")
    await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click()
    await page.locator("dialog .done").waitFor()
    await page.getByRole("button", { name: "Close" }).click()
    await rows(page).filter({ hasText: "the couple is late" }).waitFor()
    await page.getByText("Order/1118/wedding", { exact: true }).waitFor()
    // its address is a link to the same
    const other = await open(browser, page.url())
    await other.page.getByText("Order/1118/wedding", { exact: true }).waitFor()
    await other.context.close()
    await page.getByRole("link", { name: "The first of them" }).click()
    await page.getByText("Order/1000/wedding", { exact: true }).waitFor()
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("of operations go on page by page, of what was looked for", async () => {
    const { context, page, wrong } = await open(browser, at("operations"))
    await page.getByText("cleaned, 0115", { exact: true }).waitFor()
    assert.strictEqual(await rows(page).count(), 100)
    await onward(page).click()
    await page.getByText("cleaned, 0000", { exact: true }).waitFor()
    await page.getByLabel("By").fill("anna")
    await page.getByLabel("By").press("Enter")
    await page.getByText("cleaned, 0109", { exact: true }).waitFor()
    await onward(page).click()
    await page.getByText("cleaned, 0000", { exact: true }).waitFor()
    assert.strictEqual(await rows(page).count(), 10)
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("of definitions have each once, in its newest version, however many versions others have", async () => {
    const { context, page, wrong } = await open(browser, at("definitions"))
    await page.getByRole("link", { name: "Baker/knead" }).waitFor()
    assert.strictEqual(await rows(page).count(), 200)
    await page.getByLabel("Name").fill("ORDER/wed")
    await page.getByRole("link", { name: "Order/wedding" }).waitFor()
    assert.strictEqual(await rows(page).count(), 1)
    assert.match(page.url(), /search=ORDER/)
    assert.deepStrictEqual(await violations(page), [])
    await page.getByLabel("Name").fill("no such thing")
    await page.getByText("None has such a name.").waitFor()
    await page.goto(at("definitions/Baker/knead"))
    await page.getByText("These are the 100 that came last.").waitFor()
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("of actions that are rare say how far was looked, and go on from there", async () => {
    const { context, page, wrong } = await open(browser, at("actions"))
    await page.locator(".windowed .row").first().waitFor()
    const one = await page.evaluate(async () => (await (await fetch("/api/actions?limit=1")).json()).items[0])
    const idOf = (n: number) => `0199c2f0-0000-7000-8000-${String(n).padStart(12, "0")}`
    const asked: Array<string | null> = []
    const answers: Record<string, object> = {
      first: { items: [], next: idOf(9), lookedUntil: "2026-03-01T12:00:00.000Z" },
      [idOf(9)]: { items: [], next: idOf(8), lookedUntil: "2026-02-01T12:00:00.000Z" },
      [idOf(8)]: { items: [{ ...one, id: idOf(7) }], next: idOf(6), lookedUntil: "2026-01-01T12:00:00.000Z" },
      [idOf(6)]: { items: [{ ...one, id: idOf(5) }], next: null, lookedUntil: null }
    }
    await page.route(/\/api\/actions\?.*name=rare/, (route) => {
      const after = new URL(route.request().url()).searchParams.get("after")
      asked.push(after)
      return route.fulfill({ json: answers[after ?? "first"]! })
    })
    const counts: Array<string> = []
    page.on("request", (request) => {
      if (request.url().includes("/api/actions/count") && request.url().includes("rare")) counts.push(request.url())
    })
    await page.goto(at("actions?name=rare"))
    await page.getByText("No action is so, as far as it was looked.").waitFor()
    await page.getByText("Looked at what was enqueued since 1 Mar 2026").waitFor()
    assert.deepStrictEqual(await violations(page), [])
    const further = page.getByRole("button", { name: "Look further back" })
    await further.click()
    await page.getByText("Looked at what was enqueued since 1 Feb 2026").waitFor()
    // what is asked for every two seconds is the first page, and leads nobody back to where it has ended
    asked.length = 0
    await page.waitForRequest(/\/api\/actions\?.*name=rare/)
    await page.waitForRequest(/\/api\/actions\?.*name=rare/)
    assert.deepStrictEqual([...new Set(asked)], [null])
    await page.getByText("Looked at what was enqueued since 1 Feb 2026").waitFor()
    await further.click()
    await page.getByText("Looked at what was enqueued since 1 Jan 2026").waitFor()
    assert.strictEqual(await page.locator(".windowed .row").count(), 1)
    assert.strictEqual(await page.locator(".count").textContent(), "1+")
    assert.deepStrictEqual(counts, [], "nobody counts what is looked for piece by piece")
    await further.press("Enter")
    await page.getByText("That is all.").waitFor()
    assert.strictEqual(await page.locator(".windowed .row").count(), 2)
    assert.strictEqual(await further.count(), 0)
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("of actions since so long ago are of one time, however often they are asked for", async () => {
    const { context, page, wrong } = await open(browser, at("queues"))
    const since = (url: string) => new URL(url).searchParams.get("since")
    const asked: Array<string | null> = []
    page.on("request", (request) => {
      if (/\/api\/actions\?/.test(request.url())) asked.push(since(request.url()))
    })
    await page.goto(at("actions?since=2%20h"))
    await page.locator(".windowed .row").first().waitFor()
    for (let i = 0; i < 2; i++) await page.waitForRequest(/\/api\/actions\?/)
    assert.lengthOf([...new Set(asked)], 1)
    assert.isTrue(Math.abs(Date.parse(asked[0]!) - Date.now()) < 3 * 3_600_000)
    assert.strictEqual(await page.locator(".windowed .row").first().isVisible(), true)
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("of workers are in the page as far as somebody wants to see them", async () => {
    const { context, page, wrong } = await open(browser, at("workers"))
    await page.getByText("mill 0001", { exact: true }).waitFor()
    await page.getByText("The first 200 of 1001.").waitFor()
    assert.strictEqual(await rows(page).count(), 200)
    await page.getByRole("button", { name: "Show more" }).click()
    await page.getByText("The first 400 of 1001.").waitFor()
    assert.strictEqual(await rows(page).count(), 400)
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("of workers say by the database's clock who works, whatever the browser's says", async () => {
    const { context, page, wrong } = await open(browser, at("workers"))
    await page.clock.setFixedTime(Date.now() + 366 * 24 * 3_600_000)
    await page.reload()
    await page.getByText("mill 0001", { exact: true }).waitFor()
    assert.strictEqual(await page.getByText("gone: its lease is over").count(), 0)
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })
})
