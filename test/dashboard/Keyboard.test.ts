/** Every page by the keyboard alone: all that is there is come to and left, what opens takes the keyboard and gives it back, and it is nowhere lost. */
import { Context, Effect, Exit, Option, Scope } from "effect"
import type { Browser, Page } from "playwright-core"
import { PerformanceLane } from "stepped"
import { afterAll, assert, beforeAll, it } from "vitest"
import { room } from "../../examples/dashboard/bakery.ts"
import { describeInBrowser, launch, open, tabTo, violations } from "./fixtures/Browser.ts"
import { focused, hasFocus, marksMouse, walk } from "./fixtures/keyboard.ts"
import { Mills } from "./fixtures/mill.ts"
import { aDay, type Served, served } from "./fixtures/served.ts"

describeInBrowser("the dashboard by the keyboard alone", () => {
  const scope = Scope.makeUnsafe()
  let bakery: Served
  let day: Effect.Success<ReturnType<typeof aDay>>
  let browser: Browser

  beforeAll(async () => {
    browser = await launch()
    bakery = await Effect.runPromise(Scope.provide(served({ live: Mills.layer }), scope))
    day = await Effect.runPromise(aDay(bakery))
    await Effect.runPromise(bakery.hasSaid)
    const lanes = Context.get(bakery.services, PerformanceLane)
    await Effect.runPromise(lanes.pause(room("north"), { reason: "the oven is cleaned", by: "anna" }))
  })
  afterAll(async () => {
    await browser?.close()
    await Effect.runPromise(Scope.close(scope, Exit.void))
  })

  const at = (place = "") => `${bakery.origin}/dashboard/#/${place}`
  const ready = (page: Page) => page.waitForFunction(() => document.querySelector("main .waiting") === null)
  const find = (id: string) => Effect.runPromise(Effect.map(bakery.repo.find(id), Option.getOrThrow))

  it("goes to each page, through all of it, and out again", async () => {
    const { context, page, wrong } = await open(browser, at())
    await marksMouse(page)
    await page.reload()
    await ready(page)
    // what comes while it is walked would be one thing more to come to
    await tabTo(page, ".tools button[aria-pressed=true]")
    await page.keyboard.press("Enter")
    const found: Array<string> = []
    const walked = async (name: string) => {
      await page.getByRole("heading", { level: 1 }).waitFor()
      await ready(page)
      const { count, wrong } = await walk(page)
      assert.isAbove(count, 12, name)
      found.push(...wrong.map((one) => `${name}: ${one}`))
    }
    const links = page.getByRole("navigation").getByRole("link")
    const names = await links.allInnerTexts()
    assert.lengthOf(names, 10)
    for (const name of names) {
      const href = await links.filter({ hasText: name }).first().getAttribute("href")
      await tabTo(page, `nav a[href="${href}"]`)
      await page.keyboard.press("Enter")
      await page.getByRole("heading", { level: 1, name }).waitFor()
      // and on from its beginning
      if (name !== names[0]) await hasFocus(page, "main")
      await walked(name)
    }
    const places = [
      `actions/${day.held}`,
      `actions/${day.brought}?view=waterfall`,
      `actions/${day.brought}?view=graph`,
      "definitions/Order/order",
      `schedules/${encodeURIComponent("shelf/white?")}`,
      "nowhere"
    ]
    for (const place of places) {
      await page.goto(at(place))
      await walked(place)
    }
    assert.deepStrictEqual([...found, ...wrong], [])
    await context.close()
  })

  it("plans a verb for many, starts it, and comes to how far that is", async () => {
    await Effect.runPromise(
      Effect.forEach([3101, 3102, 3103], (id) => bakery.orders(id).with({ tags: ["frost"] }).weddingLater(9))
    )
    const { context, page, wrong } = await open(browser, at("actions?tag=frost&status=performing,pending,queued"))
    await page.locator(".row").nth(2).waitFor()
    await tabTo(page, "details.many > summary")
    await page.keyboard.press("Enter")
    await tabTo(page, "details.many select")
    await page.keyboard.type("Cancel")
    await page.locator("details.many form").waitFor()
    await tabTo(page, "details.many button[type=submit]")
    await page.keyboard.press("Enter")
    // the plan has come, and asks why
    await page.getByText("3 actions are meant.").waitFor()
    await hasFocus(page, "details.many .plan textarea")
    await page.keyboard.type("a late frost")
    await tabTo(page, "details.many button.primary")
    await page.keyboard.press("Enter")
    await hasFocus(page, "details.many p.done")
    assert.deepStrictEqual(await violations(page), [])
    await tabTo(page, "details.many p.done a")
    await page.keyboard.press("Enter")
    await page.getByRole("heading", { level: 1, name: /^forMany/ }).waitFor()
    await page.getByRole("heading", { name: "How it ended" }).waitFor()
    await hasFocus(page, "main")
    const done = await Effect.runPromise(bakery.repo.list({ tag: "frost", statuses: ["cancelled"] }))
    assert.lengthOf(done, 3)
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("is around the place of a verb that has gone by what it did, and on another page where a question has a link there", async () => {
    const { id } = await Effect.runPromise(bakery.orders(3201).weddingLater(12))
    const { context, page, wrong } = await open(browser, at(`actions/${id}`))
    const cancel = page.locator("[data-verb='Stepped.cancel']")
    await cancel.waitFor()
    await tabTo(page, "[data-verb='Stepped.cancel']")
    await page.keyboard.press("Enter")
    await tabTo(page, "dialog textarea[name=reason]")
    await page.keyboard.type("they have called it off")
    await tabTo(page, "dialog button[type=submit]")
    await page.keyboard.press("Enter")
    await page.locator("dialog .done").waitFor()
    await hasFocus(page, "dialog button")
    await page.keyboard.press("Enter")
    await page.getByRole("heading", { name: "How it ended" }).waitFor()
    await page.getByRole("dialog").waitFor({ state: "hidden" })
    // it is offered no more but behind More
    await page.waitForFunction(() => document.querySelector(".asked > .verbs [data-verb='Stepped.cancel']") === null)
    // around there, and not nowhere
    await hasFocus(page, "main, main *")
    await page.goto(at())
    await ready(page)
    await tabTo(page, "[data-verb='Stepped.cancel'], [data-verb='ActionRepo.tryStepAgain']")
    await page.keyboard.press("Enter")
    await tabTo(page, "dialog a")
    await page.keyboard.press("Enter")
    await page.getByRole("heading", { level: 1, name: "heat Oven/north" }).waitFor()
    await page.getByRole("dialog").waitFor({ state: "hidden" })
    await hasFocus(page, "main")
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("goes with the items of a list, and what is written in them stays with each", async () => {
    const { context, page, wrong } = await open(browser, at("definitions/Mill/stack"))
    await page.getByText("Run stack").waitFor()
    await tabTo(page, "details.telling > summary")
    await page.keyboard.press("Enter")
    await tabTo(page, "details.telling input")
    await page.keyboard.type("7")
    const add = async (text: string) => {
      await tabTo(page, "details.telling fieldset > button")
      await page.keyboard.press("Enter")
      await hasFocus(page, ".item:last-of-type textarea")
      await page.keyboard.press("Control+A")
      await page.keyboard.type(text)
    }
    await add(`{ "rye": 1 }`)
    await add(`{ "spelt": 2 }`)
    await page.keyboard.press("Shift+Tab")
    assert.strictEqual(await focused(page), "Remove Argument 1")
    await page.keyboard.press("Enter")
    await page.waitForFunction(() => document.querySelectorAll(".item").length === 1)
    await hasFocus(page, ".item button")
    assert.strictEqual(await page.locator(".item textarea").inputValue(), `{ "spelt": 2 }`)
    await tabTo(page, "details.telling button.primary")
    await page.keyboard.press("Enter")
    await hasFocus(page, "details.telling [role=status]")
    const id = await page.getByRole("status").getByRole("link").innerText()
    assert.deepStrictEqual((await find(id)).arguments, [[{ spelt: 2 }]])
    // and of the last one back to what adds others
    await tabTo(page, ".item button")
    await page.keyboard.press("Enter")
    await page.waitForFunction(() => document.querySelector(".item") === null)
    await hasFocus(page, "fieldset > button")
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("stays with a row that is not seen any more, and comes to what is new when that is asked for", async () => {
    await Effect.runPromise(
      Effect.forEach(
        Array.from({ length: 90 }, (_, i) => i),
        (i) => bakery.orders(4000 + i).with({ tags: ["crowd"], delay: "1 day" }).weddingLater(9),
        { concurrency: 8 }
      )
    )
    const { context, page, wrong } = await open(browser, at("actions?tag=crowd"))
    await page.locator(".row").first().waitFor()
    await tabTo(page, ".row")
    const first = await page.evaluate(() => (document.activeElement as HTMLElement).dataset.id)
    await page.keyboard.press("End")
    await page.waitForFunction(() => scrollY > 1500)
    // the window of what is there has gone on
    await page.waitForFunction(() => {
      const at = [...document.querySelectorAll("[aria-posinset]")].map((one) =>
        Number(one.getAttribute("aria-posinset"))
      )
      return at.includes(90) && !at.includes(5)
    })
    assert.strictEqual(await page.evaluate(() => (document.activeElement as HTMLElement).dataset.id), first)
    // back to it, and on
    await page.keyboard.press("ArrowDown")
    await page.waitForFunction(() => document.querySelector("[aria-posinset='2'] .row") !== null)
    assert.strictEqual(await page.evaluate(() => (document.activeElement as HTMLElement).dataset.id), first)
    await page.keyboard.press("ArrowDown")
    await hasFocus(page, "[aria-posinset='2'] .row")
    const { id } = await Effect.runPromise(
      bakery.orders(4999).with({ tags: ["crowd"], delay: "1 day" }).weddingLater(9)
    )
    await page.getByRole("button", { name: "1 new: show" }).waitFor()
    for (let n = 0; !(await hasNew(page)); n++) {
      assert.isBelow(n, 30)
      await page.keyboard.press("Shift+Tab")
    }
    await page.keyboard.press("Enter")
    await hasFocus(page, `.row[data-id="${id}"]`)
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })
  const hasNew = (page: Page) => page.evaluate(() => document.activeElement?.matches(".fresh button") === true)

  it("takes back what is looked for, and asks once for what is of a time from now on", async () => {
    const { context, page, wrong } = await open(browser, at("actions?name=wedding"))
    await page.locator(".row").first().waitFor()
    await tabTo(page, "input[name=search]")
    await page.keyboard.press("Control+A")
    await page.keyboard.press("Delete")
    assert.strictEqual(await page.getByLabel("Id, or name").inputValue(), "")
    await page.keyboard.press("Enter")
    await page.waitForURL((url) => !url.href.includes("name="))
    const asked: Array<string> = []
    page.on("request", (request) => {
      const { pathname, searchParams } = new URL(request.url())
      if (pathname.endsWith("/api/actions")) asked.push(searchParams.get("since") ?? "")
    })
    await tabTo(page, "input[name=since]")
    await page.keyboard.type("2 h")
    await page.keyboard.press("Enter")
    await page.locator(".row").first().waitFor()
    for (let n = 0; n < 2; n++) {
      await page.waitForResponse((answer) => new URL(answer.url()).pathname.endsWith("/api/actions"))
    }
    assert.lengthOf(new Set(asked.filter((since) => since !== "")), 1)
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("stays where something is asked for while it is answered", async () => {
    const { context, page, wrong } = await open(browser, at())
    await ready(page)
    await tabTo(page, "section[aria-labelledby=invariants] button")
    await page.keyboard.press("Enter")
    await page.getByText("Every invariant holds.").waitFor()
    assert.strictEqual(await focused(page), "Check all that is stored")
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })

  it("goes from moment to moment of a chart, and chooses what of it is shown; times are exact for who wants that", async () => {
    const { context, page, wrong } = await open(browser, at("activity"))
    await ready(page)
    // what comes meanwhile would be another moment, too
    await tabTo(page, ".tools button[aria-pressed=true]")
    await page.keyboard.press("Enter")
    await tabTo(page, "[aria-label='What Outcomes shows'] button")
    await page.keyboard.press("Enter")
    await hasFocus(page, "button[aria-pressed=false]")
    await tabTo(page, "input[aria-label='Outcomes: when']")
    const said = () => page.evaluate(() => document.activeElement?.getAttribute("aria-valuetext") ?? "")
    const last = await said()
    assert.match(last, /\d\d:\d\d:\d\d, failed: \d+, other: \d+$/)
    await page.keyboard.press("ArrowLeft")
    await page.waitForFunction((last) => document.activeElement?.getAttribute("aria-valuetext") !== last, last)
    // and is written there, as where a mouse is
    const legend = page.locator("figure").filter({ has: page.locator("input:focus") }).locator(".u-legend")
    const time = /\d\d:\d\d:\d\d/.exec(await said())![0]
    await legend.getByText(time).waitFor()
    assert.deepStrictEqual(await violations(page), [])
    await page.goto(at("operations"))
    await page.locator("td time").first().waitFor()
    assert.match(await page.locator("td time").first().innerText(), /ago$|now/)
    await tabTo(page, ".tools button:last-of-type")
    await page.keyboard.press("Enter")
    await page.waitForFunction(() => /\d\d:\d\d:\d\d$/.test(document.querySelector("td time")?.textContent ?? ""))
    assert.deepStrictEqual(wrong, [])
    await context.close()
  })
})
