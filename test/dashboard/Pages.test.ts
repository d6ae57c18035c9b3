/** Every page, by mouse and by keyboard alone: what it shows, that anybody can use it, and that nothing of it was refused or thrown. */
import { Context, Effect, Exit, Option, Scope, Tracer } from "effect"
import type { Browser, Page } from "playwright-core"
import { PerformanceLane } from "stepped"
import { afterAll, assert, beforeAll, it } from "vitest"
import { room } from "../../examples/dashboard/bakery.ts"
import { describeInBrowser, launch, open, picture, violations } from "./fixtures/Browser.ts"
import { aDay, type Served, served } from "./fixtures/served.ts"

const pages = [
  "Needs attention",
  "Actions",
  "Activity",
  "Lanes",
  "Queues",
  "Schedules",
  "Workers",
  "Definitions",
  "Operations",
  "Events"
]

describeInBrowser("the dashboard's pages", () => {
  const scope = Scope.makeUnsafe()
  let bakery: Served
  let day: Effect.Success<ReturnType<typeof aDay>>
  let browser: Browser

  beforeAll(async () => {
    browser = await launch()
    bakery = await Effect.runPromise(
      Scope.provide(served({ dashboard: { traces: "https://traces.test/{traceId}" } }), scope)
    )
    day = await Effect.runPromise(aDay(bakery))
    const lanes = Context.get(bakery.services, PerformanceLane)
    await Effect.runPromise(lanes.pause(room("north"), { reason: "the oven is cleaned", by: "anna" }))
    await Effect.runPromise(bakery.orders(3).orderLater(["rye", "spelt"]))
  })
  afterAll(async () => {
    await browser?.close()
    await Effect.runPromise(Scope.close(scope, Exit.void))
  })

  const at = (place = "") => `${bakery.origin}/dashboard/#/${place}`
  /** Everything that was asked for is there. */
  const ready = (page: Page) => page.waitForFunction(() => document.querySelector("main .waiting") === null)

  for (const theme of ["light", "dark"] as const) {
    for (const width of [1280, 360]) {
      it(`are usable by anybody and within their width, ${theme}, ${width} px wide`, async () => {
        const { context, page, wrong } = await open(browser, at(), { theme, width })
        const found: Array<string> = []
        const places = [
          ...pages.map((name) => [name, undefined] as const),
          ["action", `actions/${day.brought}`] as const,
          ["action that failed", `actions/${day.cold}`] as const,
          ["action that is held", `actions/${day.held}`] as const,
          ["waterfall", `actions/${day.brought}?view=waterfall`] as const,
          ["graph", `actions/${day.brought}?view=graph`] as const,
          ["definition", "definitions/Order/order"] as const,
          ["schedule", `schedules/${encodeURIComponent("shelf/white?")}`] as const
        ]
        for (const [name, place] of places) {
          if (place === undefined) await page.getByRole("navigation").getByRole("link", { name, exact: true }).click()
          else await page.goto(at(place))
          await page.getByRole("heading", { level: 1 }).waitFor()
          await ready(page)
          found.push(...(await violations(page)).map((one) => `${name}: ${one}`))
          const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
          if (over > 0) found.push(`${name}: ${over} px too wide`)
          await picture(page, `${name.replaceAll(" ", "-")}-${theme}-${width}`)
        }
        assert.deepStrictEqual([...found, ...wrong], [])
        await context.close()
      })
    }
  }

  it("show first what needs attention: what failed by build, what is held, what was not undone, what is paused", async () => {
    const { context, page, wrong } = await open(browser, at())
    await ready(page)
    const main = page.getByRole("main")
    await main.getByText("Held: somebody is to decide").waitFor()
    assert.match(await main.innerText(), /things need attention/)
    const failing = page.getByRole("region", { name: /^Failed in 24 hours/ })
    await failing.getByText("bakery-1").first().waitFor()
    await page.getByRole("region", { name: "Not undone" }).getByText("reserve").waitFor()
    await main.getByText("the oven is cleaned").waitFor()
    // from there to the actions of a group, and to one of them
    await failing.getByRole("link", { name: /Order\/order/ }).first().click()
    await page.waitForURL(/failure=/)
    await page.locator(`.row[data-id="${day.refused}"]`).click()
    await page.getByRole("heading", { level: 1, name: "order Order/9" }).waitFor()
    await page.getByRole("region", { name: "How it ended" }).getByText("CardRefused").first().waitFor()
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("find actions by id, name, actor, tag and status, and a link to that is a link to the same", async () => {
    const { context, page, wrong } = await open(browser, at("actions"))
    const rows = page.locator(".row")
    await rows.first().waitFor()
    await page.getByLabel("Tag").fill("early")
    await page.getByLabel("Tag").press("Enter")
    await page.waitForFunction(() => document.querySelectorAll(".row").length === 1)
    assert.strictEqual(await rows.getAttribute("data-id"), day.delivered)
    await page.getByLabel("Tag").fill("")
    await page.getByLabel("Actor").fill("Oven/north")
    await page.getByLabel("Actor").press("Enter")
    await page.locator(`.row[data-id="${day.held}"]`).waitFor()
    await page.getByLabel("Actor").fill("Order")
    await page.getByLabel("Actor").press("Enter")
    await page.getByRole("checkbox", { name: "failed", exact: true }).check()
    await page.locator(`.row[data-id="${day.cold}"]`).waitFor()
    const link = page.url()
    const other = await open(browser, link)
    await other.page.locator(`.row[data-id="${day.cold}"]`).waitFor()
    assert.isTrue(await other.page.getByRole("checkbox", { name: "failed", exact: true }).isChecked())
    const search = page.getByLabel("Id, or name")
    await search.fill(day.wedding)
    await search.press("Enter")
    await page.getByRole("heading", { level: 1, name: "wedding Order/1000" }).waitFor()
    assert.deepStrictEqual([...wrong, ...other.wrong], [])
    await context.close()
    await other.context.close()
  })

  it("say why an action is not finished, with the chain to its end, and lead along it", async () => {
    const { context, page, wrong } = await open(browser, at(`actions/${day.brought}`))
    const why = page.getByRole("region", { name: "Why it is not finished" })
    await why.getByRole("link", { name: "deliver Order/2" }).click()
    await page.getByRole("heading", { level: 1, name: "deliver Order/2" }).waitFor()
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("are walked by the keyboard alone: to a page, down a list, through a tree, and back", async () => {
    const { context, page, wrong } = await open(browser, at())
    await ready(page)
    const focused = () => page.evaluate(() => document.activeElement?.textContent ?? "")
    const press = async (key: string, times = 1) => {
      for (let n = 0; n < times; n++) await page.keyboard.press(key)
    }
    await press("Tab")
    assert.strictEqual(await focused(), "Skip to the content")
    await press("Tab", 3)
    assert.strictEqual(await focused(), "Actions")
    await press("Enter")
    await page.getByRole("heading", { level: 1, name: "Actions" }).waitFor()
    await page.locator(`.row[data-id="${day.brought}"]`).waitFor()
    // the content has the focus: from there on to the rows
    const isRow = () => page.evaluate(() => document.activeElement?.classList.contains("row") ?? false)
    for (let n = 0; n < 60 && !(await isRow()); n++) await press("Tab")
    const id = () => page.evaluate(() => (document.activeElement as HTMLElement).dataset.id)
    for (let n = 0; n < 60 && await id() !== day.brought; n++) await press("ArrowDown")
    assert.strictEqual(await id(), day.brought)
    await press("Enter")
    await page.getByRole("heading", { level: 1, name: "order Order/2" }).waitFor()
    const tree = page.getByRole("tree")
    await tree.getByRole("treeitem").nth(3).waitFor()
    const isItem = () => page.evaluate(() => document.activeElement?.getAttribute("role") === "treeitem")
    for (let n = 0; n < 80 && !(await isItem()); n++) await press("Tab")
    const has = (text: string) =>
      page.waitForFunction((text) => document.activeElement?.textContent?.includes(text), text)
    const lines = (count: number) =>
      page.waitForFunction((count) => document.querySelectorAll("[role=treeitem]").length === count, count)
    await has("order Order/2")
    const count = await tree.getByRole("treeitem").count()
    await press("ArrowLeft")
    await lines(1)
    await press("ArrowRight")
    await lines(count)
    await press("End")
    await has("callCourier")
    await press("Home")
    await has("order Order/2")
    await press("End")
    await has("callCourier")
    await press("ArrowUp")
    await has("deliver Order/2")
    await press("Enter")
    await page.getByRole("heading", { level: 1, name: "deliver Order/2" }).waitFor()
    await page.goBack()
    await page.getByRole("heading", { level: 1, name: "order Order/2" }).waitFor()
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("show times as of here or in UTC, and keep that", async () => {
    const { context, page, wrong } = await open(browser, at(`actions/${day.delivered}`))
    const about = page.getByRole("region", { name: "About it" })
    await about.waitFor()
    assert.notInclude(await about.innerText(), "UTC")
    await page.getByRole("button", { name: /Times are local/ }).click()
    await page.waitForFunction(() => document.querySelector("#about")?.closest("section")?.textContent?.includes("UTC"))
    await page.reload()
    await page.getByRole("button", { name: /Times are in UTC/ }).waitFor()
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("lead from an action to its trace, where the program says where traces are shown", async () => {
    // as a process that has a tracer hands it on
    const span = Tracer.externalSpan({ traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" })
    const { id } = await Effect.runPromise(Effect.withParentSpan(bakery.orders(4).weddingLater(9), span))
    const { traceId } = await Effect.runPromise(Effect.map(bakery.repo.find(id), Option.getOrThrow))
    assert.match(traceId ?? "", /^[0-9a-f]{32}$/)
    const { context, page, wrong } = await open(browser, at(`actions/${id}`))
    const link = page.getByRole("region", { name: "About it" }).getByRole("link", { name: traceId! })
    assert.strictEqual(await link.getAttribute("href"), `https://traces.test/${traceId}`)
    assert.strictEqual(await link.getAttribute("rel"), "noreferrer")
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("draw a definition, and give it as Mermaid", async () => {
    const { context, page, wrong } = await open(browser, at("definitions/Order/order"))
    await page.getByRole("link", { name: "Order/bake" }).waitFor()
    await page.getByRole("img", { name: /reserve, then charge, then bake, then deliver, then thank/ }).waitFor()
    await context.grantPermissions(["clipboard-read", "clipboard-write"])
    await page.getByRole("button", { name: "Copy as Mermaid" }).click()
    await page.getByText("copied").waitFor()
    const text = await page.evaluate(() => navigator.clipboard.readText())
    assert.include(text, "flowchart TB")
    assert.include(text, "s0 --> s1")
    // what its steps have asked for is known by the history
    assert.include(text, "[[\"Order/charge\"]]")
    assert.match(text, /^ {2}s1 -->\|child\| c\d$/m)
    const asks = page.getByRole("table", { name: "What its steps have asked for" })
    await asks.getByRole("link", { name: "Order/bake" }).click()
    await page.getByRole("heading", { level: 1, name: "bake Order" }).waitFor()
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("say so where nothing is under an id, or no page is there", async () => {
    const { context, page } = await open(browser, at("actions/0199c2f0-0000-7000-8000-000000000000"))
    await page.getByRole("alert").waitFor()
    await page.goto(at("nowhere"))
    await page.getByRole("heading", { name: "Not found" }).waitFor()
    await context.close()
  })
})
