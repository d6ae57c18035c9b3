/** What is shown follows what happens, and keeps still while somebody reads. */
import { Effect, Exit, Fiber, Scope } from "effect"
import type { Browser, Page } from "playwright-core"
import { Stepped } from "stepped"
import { afterAll, assert, beforeAll, it } from "vitest"
import { describeInBrowser, launch, open } from "./fixtures/Browser.ts"
import { type Served, served } from "./fixtures/served.ts"

describeInBrowser("the dashboard, live", () => {
  const scope = Scope.makeUnsafe()
  let bakery: Served
  let browser: Browser

  beforeAll(async () => {
    browser = await launch()
    bakery = await Effect.runPromise(Scope.provide(served(), scope))
    await Effect.runPromise(
      Effect.forEach(Array.from({ length: 300 }, (_, i) => i), (i) => bakery.ovens(`oven ${i}`).heatLater())
    )
  })
  afterAll(async () => {
    await browser?.close()
    await Effect.runPromise(Scope.close(scope, Exit.void))
  })

  const at = (place = "") => `${bakery.origin}/dashboard/#/${place}`

  it("shows what is new at the top by itself, as long as nobody is in the midst of the list", async () => {
    const { context, page, wrong } = await open(browser, at("actions"))
    await page.locator(".row").first().waitFor()
    const { id } = await Effect.runPromise(bakery.orders(5001).weddingLater(80))
    await page.locator(`.row[data-id="${id}"]`).waitFor()
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("keeps a list where it is while somebody reads it, says what is new, and shows it when asked", async () => {
    const { context, page, wrong } = await open(browser, at("actions"))
    await page.locator(".row").first().waitFor()
    await page.mouse.move(640, 500)
    await page.mouse.wheel(0, 1500)
    await page.waitForFunction(() => scrollY > 1000)
    const seen = () =>
      page.evaluate(() => {
        const row = [...document.querySelectorAll<HTMLElement>(".row")].find((one) =>
          one.getBoundingClientRect().top > 200
        )!
        return { id: row.dataset.id, top: row.getBoundingClientRect().top }
      })
    const before = await seen()
    const { id } = await Effect.runPromise(bakery.orders(5002).weddingLater(80))
    const fresh = page.getByRole("button", { name: "1 new: show" })
    await fresh.waitFor()
    assert.deepStrictEqual(await seen(), before)
    await fresh.click()
    await page.locator(`.row[data-id="${id}"]`).waitFor()
    assert.strictEqual(await page.evaluate(() => scrollY), 0)
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("goes on to older ones at the end of the list, and has only those in the page that are seen", async () => {
    const { context, page, wrong } = await open(browser, at("actions"))
    await page.locator(".row").first().waitFor()
    await page.mouse.move(640, 500)
    await page.waitForFunction(
      () => {
        scrollTo(0, document.documentElement.scrollHeight)
        return document.querySelector("main")!.innerText.includes("That is all.")
      },
      undefined,
      { polling: 200 }
    )
    const rows = await page.locator(".row").count()
    assert.isBelow(rows, 90)
    const size = await page.locator(".windowed [role=listitem]").first().getAttribute("aria-setsize")
    assert.isAtLeast(Number(size), 300)
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("leaves what is marked as it is, so that it can be copied", async () => {
    const { id } = await Effect.runPromise(bakery.orders(5003).weddingLater(80))
    const { context, page, wrong } = await open(browser, at(`actions/${id}`))
    const heading = page.getByRole("heading", { level: 1 })
    await heading.waitFor()
    await page.getByText("performing").first().waitFor()
    await heading.selectText()
    const marked = await page.evaluate(() => getSelection()!.toString())
    await Effect.runPromise(Effect.provide(Stepped.cancel(id, { reason: "called off" }), bakery.services))
    // longer than it takes until it is asked again
    await page.waitForTimeout(5000)
    assert.include(await page.getByRole("main").innerText(), "performing")
    assert.strictEqual(await page.evaluate(() => getSelection()!.toString()), marked)
    await page.evaluate(() => getSelection()!.empty())
    await page.getByText("cancelled").first().waitFor()
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("listens again after it was refused, as by a proxy whose server starts anew, and misses nothing", async () => {
    const { context, page } = await open(browser, at("events"))
    const row = (id: string) => page.locator(`.row[href*="${id}"]`).first()
    const enqueued = async (n: number) => (await Effect.runPromise(bakery.orders(n).weddingLater(80))).id
    await row(await enqueued(5005)).waitFor()
    // while it is away nothing is told
    const away = { asked: 0 }
    await page.route("**/api/events*", (route) => {
      away.asked++
      return route.fulfill({ status: 502, body: "bad gateway" })
    })
    // as if the connection was lost: whoever comes back into sight connects anew
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")))
    await page.getByText("The server does not answer. It is asked again.").waitFor()
    const missed = await enqueued(5006)
    await page.unroute("**/api/events*")
    await row(missed).waitFor()
    assert.isAtLeast(away.asked, 1)
    await row(await enqueued(5007)).waitFor()
    await page.getByText("The server does not answer. It is asked again.").waitFor({ state: "detached" })
    await context.close()
  })

  it("says of which time not all is told, and widens that as it goes on", async () => {
    const { context, page, wrong } = await open(browser, at())
    const gap = (since: string, before: string) =>
      `event: gap\ndata: {"since":"2026-01-02T10:${since}.000Z","before":"2026-01-02T10:${before}.000Z"}\n\n`
    await page.route("**/api/events*", (route) =>
      route.fulfill({
        contentType: "text/event-stream",
        body: gap("00:00", "00:10") + gap("00:05", "00:20") + gap("00:15", "00:30")
      }))
    await page.goto(at("events"))
    await page.getByText(/of what was from .*:00 to .*:30 something may be missing here/).waitFor()
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("does not ask while it is stopped", async () => {
    const { context, page, wrong } = await open(browser, at("actions"))
    await page.locator(".row").first().waitFor()
    await page.getByRole("button", { name: "Live" }).click()
    const { id } = await Effect.runPromise(bakery.orders(5004).weddingLater(80))
    // longer than it takes until it would ask again
    await page.waitForTimeout(5000)
    assert.strictEqual(await page.locator(`.row[data-id="${id}"]`).count(), 0)
    await page.getByRole("button", { name: "Live" }).click()
    await page.locator(`.row[data-id="${id}"]`).waitFor()
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("asks for nothing on other pages while it is stopped", async () => {
    const { context, page, wrong } = await open(browser, at("queues"))
    const asked: Array<string> = []
    page.on("request", (request) => void asked.push(new URL(request.url()).pathname))
    const answered = () => page.waitForResponse((answer) => answer.url().includes("/api/queues"))
    await answered()
    await page.getByRole("button", { name: "Live" }).click()
    // what was on its way when it was stopped
    await page.waitForLoadState("networkidle")
    asked.length = 0
    // longer than it takes until it would ask again
    await page.waitForTimeout(5000)
    assert.deepStrictEqual(asked, [])
    await Promise.all([answered(), page.getByRole("button", { name: "Live" }).click()])
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  /** What the page has in memory and in its document, when nothing is left that may be thrown away. */
  const used = async (page: Page) => {
    const session = await page.context().newCDPSession(page)
    await session.send("HeapProfiler.collectGarbage")
    const { usedSize } = await session.send("Runtime.getHeapUsage") as { usedSize: number }
    await session.detach()
    return { bytes: usedSize, nodes: await page.evaluate(() => document.querySelectorAll("*").length) }
  }
  /** It has asked for the list anew, so often: each two seconds, as long as somebody looks. */
  const looked = async (page: Page, times: number) => {
    for (let n = 0; n < times; n++) {
      await page.waitForResponse((answer) => new URL(answer.url()).pathname.endsWith("/api/actions"))
    }
  }
  const neverTwice = { last: 0 }
  /** Twenty a second, as long as it is looked at. */
  const more = Effect.forever(Effect.delay(
    Effect.forEach([1, 2, 3, 4], () => Effect.suspend(() => bakery.ovens(`more ${++neverTwice.last}`).heatLater())),
    "200 millis"
  ))

  it("needs no more memory while rows come at the top all the time", async () => {
    const { context, page, wrong } = await open(browser, at("actions"))
    await page.locator(".row").first().waitFor()
    const fiber = Effect.runFork(more)
    await looked(page, 5)
    const before = await used(page)
    await looked(page, 15)
    const after = await used(page)
    await Effect.runPromise(Fiber.interrupt(fiber))
    assert.isBelow(after.bytes - before.bytes, 2_000_000)
    assert.isBelow(after.nodes, before.nodes + 100)
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("has a thousand rows for a minute, with more all the time, and needs no more memory for it", async () => {
    await Effect.runPromise(
      Effect.forEach(Array.from({ length: 800 }, (_, i) => i), (i) => bakery.ovens(`many ${i}`).heatLater(), {
        concurrency: 8,
        discard: true
      })
    )
    const { context, page, wrong } = await open(browser, at("actions"))
    await page.locator(".row").first().waitFor()
    const size = async () =>
      Number(await page.locator(".windowed [role=listitem]").first().getAttribute("aria-setsize"))
    await page.waitForFunction(
      () => {
        scrollTo(0, document.documentElement.scrollHeight)
        return Number(document.querySelector(".windowed [role=listitem]")?.getAttribute("aria-setsize")) >= 1000
      },
      undefined,
      { polling: 200 }
    )
    const fiber = Effect.runFork(more)
    await looked(page, 3)
    const before = await used(page)
    await looked(page, 30)
    const after = await used(page)
    await Effect.runPromise(Fiber.interrupt(fiber))
    assert.isAtLeast(await size(), 1000)
    // they are there, and wait until somebody wants them
    assert.match(await page.getByRole("button", { name: /new: show/ }).innerText(), /^\d+ new/)
    assert.isBelow(await page.locator(".row").count(), 90)
    assert.isBelow(after.bytes - before.bytes, 2_000_000)
    assert.isBelow(after.nodes, before.nodes + 100)
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })
})
